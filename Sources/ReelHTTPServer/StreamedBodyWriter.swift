internal import ReelHTTP
internal import ReelSystem

/// Writes streamed content within its framing: to the byte, in chunks, or until the end.
// SAFETY: everything but the constants is touched only on the loop's thread, to which `write` goes
// first.
final class StreamedBodyWriter: HTTPBodyWriter, @unchecked Sendable {
    /// Content that does not come to what its head says.
    enum Fault: Error {
        case tooLong
        case tooShort
    }

    private let transport: any ConnectionTransport
    private let loop: EventLoop
    private let framing: HTTPResponseEncoder.Framing
    private let timeout: Deadline.Span
    private var written: Int64 = 0
    private var sinceYield = 0
    private var chunk: [UInt8] = []

    init(
        _ transport: any ConnectionTransport,
        loop: EventLoop,
        framing: HTTPResponseEncoder.Framing,
        timeout: Deadline.Span
    ) {
        self.transport = transport
        self.loop = loop
        self.framing = framing
        self.timeout = timeout
    }

    func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        guard !loop.isCurrent else { return try await writeOnLoop(bytes) }
        // The content may be made on an actor or in a task of its own.
        try await withTaskExecutorPreference(loop) { try await writeOnLoop(bytes) }
    }

    /// Writes what the framing has at its end; on the loop, when the content is made.
    func finish() async throws {
        switch framing {
        case .none, .untilClose: break
        case .length(let count): guard written == count else { throw Fault.tooShort }
        case .chunked:
            chunk.removeAll(keepingCapacity: true)
            HTTPResponseEncoder.appendEnd(to: &chunk)
            try await transport.write(chunk, on: loop, timeout: timeout)
        }
    }

    private func writeOnLoop(_ bytes: [UInt8]) async throws {
        written += Int64(bytes.count)
        sinceYield += bytes.count
        if sinceYield > 1 << 20 {
            // A client that reads as fast as we write never makes this wait.
            sinceYield = 0
            await Task.yield()
        }
        switch framing {
        case .none: break
        case .untilClose: try await transport.write(bytes, on: loop, timeout: timeout)
        case .length(let count):
            guard written <= count else { throw Fault.tooLong }
            try await transport.write(bytes, on: loop, timeout: timeout)
        case .chunked:
            chunk.removeAll(keepingCapacity: true)
            HTTPResponseEncoder.appendChunk(bytes, to: &chunk)
            try await transport.write(chunk, on: loop, timeout: timeout)
        }
    }
}
