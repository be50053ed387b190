internal import Glibc

/// A thread of its own, for a library that blocks: the shared pool has only as many threads as
/// there are cores, and none of them may wait.
// SAFETY: `handle` is written in `init` alone, and read by the one who joins or, where nobody has,
// by `deinit`.
@safe
package final class NamedThread: @unchecked Sendable {
    private let handle: pthread_t
    private let isJoined = Locked(false)

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread that runs `body` and ends.
    ///
    /// The name is cut to 15 bytes, which is what the kernel keeps. A thread that nobody joins lets
    /// go of what it has when it ends.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Start(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), body: body)
        var thread = pthread_t()
        // SAFETY: the retained box is taken over, once, by the new thread.
        let status = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                nameThisThread(start.name)
                start.body()
                return nil
            },
            Unmanaged.passRetained(start).toOpaque()
        )
        precondition(status == 0, "a thread could not be started")
        handle = thread
    }

    /// Blocks the calling thread until the body has returned; called at most once, and never from
    /// the shared pool unless the body is known to be about to return.
    package func join() {
        isJoined.withLock { $0 = true }
        pthread_join(handle, nil)
    }

    deinit { if !isJoined.withLock({ $0 }) { pthread_detach(handle) } }
}

/// Names the calling thread for `top` and debuggers.
///
/// It goes through procfs, since the Glibc module has no pthread_setname_np(3). A thread that
/// cannot be named runs all the same.
private func nameThisThread(_ name: String) {
    let descriptor = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = unsafe Array(name.utf8).withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
    }
    _ = close(descriptor)
}
