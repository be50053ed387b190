internal import Glibc

/// State behind a POSIX mutex, reachable only inside a closure.
///
/// It has the shape of `Synchronization.Mutex`, whose accesses ThreadSanitizer reports as races
/// although they are none; a `pthread_mutex_t` it understands. Nothing may suspend, call back or
/// do I/O inside `withLock`: change the state, return the action, perform it after.
// SAFETY: `state` is read and written only between lock and unlock of `mutex`, and the mutex lives
// at one heap address from `init` to `deinit`.
@safe
package final class Locked<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    package init(_ initial: State) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        state = initial
        let status = unsafe pthread_mutex_init(mutex, nil)
        precondition(status == 0, "a mutex could not be made")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deinitialize(count: 1)
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the state, alone.
    ///
    /// - Throws: What `body` throws; the lock is released first.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
