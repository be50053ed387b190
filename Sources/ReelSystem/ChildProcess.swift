internal import CReelLinux
internal import Glibc
internal import ReelRuntime

/// Runs commands, each in a process group of its own and watched by a thread of its own.
package enum ChildProcess {
    /// Runs a command until it has ended, its time is over or the task is cancelled.
    ///
    /// The command gets exactly the request's environment, the default signal handlers and mask,
    /// and no descriptor but the three standard ones. When it ends, whatever it started that is
    /// still in its group is ended with it.
    package static func run(_ request: ProcessRequest) async -> ProcessResult {
        // A command that does not read its input must not end us.
        Signals.ignoreBrokenPipes()
        guard let cancellation = try? Cancellation() else {
            return ProcessWatch.failed(SystemError(function: "eventfd", number: EMFILE))
        }
        let thread = Locked<NamedThread?>(nil)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let started = NamedThread("child") {
                    continuation.resume(returning: watch(request, cancellation))
                }
                thread.withLock { $0 = started }
            }
        } onCancel: {
            cancellation.raise()
        }
        // The thread resumes this task as the last thing it does.
        thread.withLock { $0 }?.join()
        return result
    }

    private static func watch(
        _ request: ProcessRequest,
        _ cancellation: Cancellation
    ) -> ProcessResult {
        do {
            let child = try SpawnedChild.spawn(request)
            var watch = ProcessWatch(request, child)
            return watch.run(cancellation)
        } catch {
            return ProcessWatch.failed(error)
        }
    }
}

/// A flag that a thread can poll for.
final class Cancellation: Sendable {
    private let descriptor: Descriptor

    init() throws(SystemError) {
        descriptor = Descriptor(
            owning: try call("eventfd") { eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)) }
        )
    }

    var number: Int32 { descriptor.number }

    func raise() {
        var one: UInt64 = 1
        _ = try? attempt("write") { unsafe write(descriptor.number, &one, 8) }
    }
}
