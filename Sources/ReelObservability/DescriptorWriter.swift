internal import Glibc
internal import ReelRuntime

/// Writes to a descriptor that may be slow, and gives up on one whose reader has stopped once the
/// writer is being closed.
struct DescriptorWriter {
    /// How much goes to the descriptor at once: what a pipe takes whole when it is ready
    /// (pipe(7), `PIPE_BUF`), so that a write after a poll does not block.
    private static let pieceByteCount = 4096
    /// How often a waiting writer looks whether it is being closed.
    private static let pollInterval = Duration.milliseconds(50)

    private let descriptor: Int32
    /// How long the reader may hold up a writer that is being closed.
    private let closingTimeMax: Duration
    private var hasGivenUp = false

    init(_ descriptor: Int32, closingTimeMax: Duration) {
        self.descriptor = descriptor
        self.closingTimeMax = closingTimeMax
    }

    /// Writes all bytes in order; false when some could not be written.
    mutating func write(_ bytes: [UInt8], isClosing: () -> Bool) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard isReady(isClosing: isClosing) else { return false }
            let piece = rest.prefix(Self.pieceByteCount)
            let count = unsafe piece.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR, errno != EAGAIN {
                return false
            }
        }
        return true
    }

    /// Waits until the descriptor takes bytes or has failed for good, which the write then finds.
    private mutating func isReady(isClosing: () -> Bool) -> Bool {
        var waited = Duration.zero
        while !hasGivenUp {
            var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let ready = unsafe poll(&state, 1, Int32(Self.pollInterval.wholeMilliseconds))
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { return false }
            guard isClosing() else { continue }
            waited += Self.pollInterval
            hasGivenUp = waited >= closingTimeMax
        }
        return false
    }

    /// Keeps a reader that has gone from ending the process: the calling thread gets EPIPE alone.
    static func blockBrokenPipeSignal() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
