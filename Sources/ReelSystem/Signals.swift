internal import CReelLinux
internal import Glibc
internal import ReelRuntime
internal import Synchronization

/// The signals sent to the process, from the moment this value is made.
///
/// While it is iterated the signals do not end the process; when the sequence is dropped they do
/// so again. One consumer for each value; several values each get every signal.
package struct Signals: AsyncSequence, Sendable {
    package typealias Element = ProcessSignal
    package typealias Failure = Never

    private let stream: AsyncStream<ProcessSignal>

    /// Takes over the signals given.
    package init(_ signals: Set<ProcessSignal> = Set(ProcessSignal.allCases)) {
        // A human sends a handful; beyond 16 unread ones an older one tells nothing new.
        let (stream, continuation) = AsyncStream.makeStream(
            of: ProcessSignal.self,
            bufferingPolicy: .bufferingNewest(16)
        )
        self.stream = stream
        let id = SignalHub.shared.subscribe(signals, continuation)
        continuation.onTermination = { _ in SignalHub.shared.unsubscribe(id) }
    }

    package func makeAsyncIterator() -> AsyncStream<ProcessSignal>.AsyncIterator {
        stream.makeAsyncIterator()
    }

    /// Makes writes to a closed pipe or socket fail with `EPIPE` rather than end the process.
    ///
    /// Process-wide; legal twice.
    package static func ignoreBrokenPipes() {
        creellinux_ignore_signal(SIGPIPE)
    }
}

/// The writing end that the handler of signals writes to; read there, so it is an atomic.
private let handlerEnd = Atomic<Int32>(-1)

/// What the kernel calls: only what signal-safety(7) allows, with `errno` left as it was.
private func signalArrived(_ number: Int32) {
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(handlerEnd.load(ordering: .relaxed), &byte, 1)
    errno = saved
}

/// Hands each signal of the process to those who asked for it.
private final class SignalHub: Sendable {
    static let shared = SignalHub()

    private struct Subscriber {
        let signals: Set<ProcessSignal>
        let continuation: AsyncStream<ProcessSignal>.Continuation
    }

    private struct State {
        var subscribers: [Int: Subscriber] = [:]
        var nextID = 0

        func isWanted(_ signal: ProcessSignal) -> Bool {
            subscribers.values.contains { $0.signals.contains(signal) }
        }
    }

    private let state = Locked(State())
    private let thread: NamedThread

    private init() {
        var ends: [Int32] = [-1, -1]
        let result = unsafe creellinux_pipe2(&ends, O_CLOEXEC)
        precondition(result == 0, "no pipe for signals")
        // A full pipe must not stop the handler; 64 KiB of unread signals lose nothing new.
        let flags = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        precondition(flags == 0, "no pipe for signals")
        handlerEnd.store(ends[1], ordering: .relaxed)
        let (state, readingEnd) = (state, ends[0])
        thread = NamedThread("signals") {
            var byte: UInt8 = 0
            while let count = try? call("read", { unsafe read(readingEnd, &byte, 1) }), count == 1 {
                let number = Int32(byte)
                guard let signal = ProcessSignal.allCases.first(where: { $0.number == number })
                else { continue }
                let wanting = state.withLock { state in
                    state.subscribers.values.filter { $0.signals.contains(signal) }
                }
                // What is dropped is an older signal, by the policy of the stream.
                for subscriber in wanting { _ = subscriber.continuation.yield(signal) }
            }
        }
    }

    func subscribe(
        _ signals: Set<ProcessSignal>,
        _ continuation: AsyncStream<ProcessSignal>.Continuation
    ) -> Int {
        state.withLock { state in
            state.nextID += 1
            state.subscribers[state.nextID] = Subscriber(
                signals: signals,
                continuation: continuation
            )
            for signal in signals { creellinux_set_handler(signal.number, signalArrived) }
            return state.nextID
        }
    }

    func unsubscribe(_ id: Int) {
        // The handlers are set under the lock, so that they agree with who is subscribed.
        state.withLock { state in
            guard let gone = state.subscribers.removeValue(forKey: id) else { return }
            for signal in gone.signals where !state.isWanted(signal) {
                creellinux_reset_signal(signal.number)
            }
        }
    }
}
