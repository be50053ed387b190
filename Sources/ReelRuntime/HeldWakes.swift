internal import Glibc

/// Wake-ups of other threads that the present thread holds back while it hands out many results.
///
/// A thread that is woken for the first of them would run, wait again and be woken for the next:
/// a system call and two changes of thread for each, where one for all of them does.
// SAFETY: a value of a key belongs to one thread; what it points to lives until `hold`, which puts
// it there and takes it away, returns on that thread.
@safe
package final class HeldWakes {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = unsafe pthread_key_create(&key, nil)
        precondition(status == 0, "no key is left for a thread's own values")
        return key
    }()

    private var wakes: [() -> Void] = []

    private init() {}

    /// Performs `body` and then the wake-ups that came up in it.
    ///
    /// A call within another adds to the outer one's.
    package static func hold(during body: () -> Void) {
        guard unsafe pthread_getspecific(key) == nil else { return body() }
        let held = HeldWakes()
        unsafe pthread_setspecific(key, Unmanaged.passUnretained(held).toOpaque())
        body()
        pthread_setspecific(key, nil)
        for wake in held.wakes { wake() }
    }

    /// Performs a wake-up, or leaves it to the `hold` that the thread is in.
    package static func perform(_ wake: @escaping () -> Void) {
        guard let pointer = unsafe pthread_getspecific(key) else { return wake() }
        unsafe Unmanaged<HeldWakes>.fromOpaque(pointer).takeUnretainedValue().wakes.append(wake)
    }
}
