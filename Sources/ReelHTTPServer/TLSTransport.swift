internal import ReelCrypto
internal import ReelSystem

/// A session of TLS over a socket, from the handshake on.
///
/// Between two records it holds no buffer: bytes are read, decrypted, encrypted and written in the
/// loop's, and only what does not fit on the way is kept here.
final class TLSTransport: ConnectionTransport {
    /// Buffers that the sessions of one loop take turns to use, none of them across a wait.
    final class Scratch {
        fileprivate var input = [UInt8](repeating: 0, count: TLSTransport.sliceByteCount + 512)
        fileprivate var output: [UInt8] = []
    }

    /// Plain bytes that are encrypted at once: four records of the largest size.
    private static let sliceByteCount = 64 << 10
    /// Bytes of the wire that may come in a row without one that is decrypted: more than the
    /// longest record, which comes in parts (RFC 8446, section 5.2).
    ///
    /// Changes of keys beyond that only keep us busy.
    private static let idleByteCountMax = 32 << 10
    /// What a client that speaks plain HTTP is told.
    private static let plainAnswer = Array(
        ("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: 23\r\nConnection: close\r\n\r\nThis port speaks HTTPS\n").utf8
    )

    private let socket: Socket
    private let session: TLSSession
    private let scratch: Scratch
    private let metrics: TLSMetrics
    /// Bytes of the wire that the session has not taken yet.
    private var received: [UInt8] = []
    /// Bytes of the wire that the socket has not taken yet.
    private var unsent: [UInt8] = []
    private var isFlushing = false
    /// The session has come to an end by a fault: what still comes is thrown away unread.
    private var hasFailed = false
    private var hasEnded = false
    /// The bytes of the wire at the last byte that was decrypted.
    private var lastContentAt = 0

    init(_ socket: Socket, session: TLSSession, scratch: Scratch, metrics: TLSMetrics) {
        self.socket = socket
        self.session = session
        self.scratch = scratch
        self.metrics = metrics
    }

    var receivedByteCount: Int { socket.receivedByteCount }

    func open(until deadline: Deadline) async throws(SocketError) -> Bool {
        while !session.isEstablished {
            try await socket.waitUntilReadable(until: deadline)
            if let error = try stepHandshake() {
                fail(error)
                _ = try? await flush(until: deadline)
                return false
            }
            try await flush(until: deadline)
            // The arithmetic of a handshake takes as long as many requests: the others' turn.
            await Task.yield()
        }
        metrics.established(session)
        lastContentAt = receivedByteCount
        return true
    }

    func waitUntilReadable(until deadline: Deadline) async throws(SocketError) {
        if !unsent.isEmpty { try await flush(until: deadline) }
        let hasMore = !received.isEmpty || session.hasMore || session.isClosedByPeer
        guard hasFailed || !hasMore else { return }
        try await socket.waitUntilReadable(until: deadline)
    }

    func watchReading(until deadline: Deadline, _ action: @escaping () -> Void) {
        socket.watchReading(until: deadline, action)
    }

    func readAvailable(into buffer: inout [UInt8]) throws(SocketError) -> Int? {
        guard !hasFailed else { return try socket.readAvailable(into: &buffer) }
        guard !session.isClosedByPeer, !hasEnded else { return 0 }
        let step: Result<Int, TLSError>
        if received.isEmpty, !session.hasMore {
            guard let next = try readSocket(into: &buffer) else { return nil }
            step = next
        } else {
            step = readReceived(into: &buffer)
        }
        switch step {
        case .success(let count):
            // An answer to a change of keys, if any.
            if !scratch.output.isEmpty { try writeOutput() }
            if count > 0 { lastContentAt = receivedByteCount }
            if count > 0 || session.isClosedByPeer || hasEnded { return count }
            // A part of a record, or a record of the protocol's own, is nothing yet.
            guard receivedByteCount - lastContentAt <= Self.idleByteCountMax else {
                fail(.contentMissing)
                return 0
            }
            return nil
        case .failure(let error):
            fail(error)
            return 0
        }
    }

    func write(_ bytes: Span<UInt8>, until deadline: Deadline) async throws(SocketError) {
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.sliceByteCount, bytes.count)
            do throws(TLSError) {
                try session.write(bytes.extracting(start..<end), output: &scratch.output)
            } catch {
                throw .disconnected
            }
            try await flush(until: deadline)
            start = end
        }
    }

    func finishWriting(until deadline: Deadline) async {
        session.close(output: &scratch.output)
        _ = try? await flush(until: deadline)
        socket.shutDownWriting()
    }

    func interruptReading() {
        socket.interruptReading()
    }

    func reset() {
        socket.reset()
    }

    /// Says goodbye if that needs no wait, and closes.
    func close() {
        session.close(output: &scratch.output)
        _ = try? writeOutput()
        socket.close()
    }

    func cancel() {
        socket.cancel()
    }

    /// Takes the handshake as far as what is there reaches; the fault that ends it, if one does.
    private func stepHandshake() throws(SocketError) -> TLSError? {
        try withInput { input throws(SocketError) in
            guard let count = try socket.readAvailable(into: &input) else { return nil }
            guard count > 0 else {
                metrics.failed("disconnected")
                throw .disconnected
            }
            do throws(TLSError) {
                let used = try session.handshake(
                    input.span.extracting(0..<count),
                    output: &scratch.output
                )
                keep(input, used, count)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Decrypts what the socket has; nil when that is nothing yet.
    private func readSocket(
        into buffer: inout [UInt8]
    ) throws(SocketError) -> Result<Int, TLSError>? {
        try withInput { input throws(SocketError) in
            guard let count = try socket.readAvailable(into: &input) else { return nil }
            guard count > 0 else {
                // The end of the bytes without the session's own end counts as one: where a
                // message was cut, its framing tells (RFC 9112, section 9.8).
                hasEnded = true
                return .success(0)
            }
            do throws(TLSError) {
                let progress = try session.read(
                    input.span.extracting(0..<count),
                    into: &buffer,
                    output: &scratch.output
                )
                keep(input, progress.consumed, count)
                return .success(progress.produced)
            } catch {
                return .failure(error)
            }
        }
    }

    /// Decrypts what was left over.
    private func readReceived(into buffer: inout [UInt8]) -> Result<Int, TLSError> {
        var input: [UInt8] = []
        swap(&input, &received)
        do throws(TLSError) {
            let progress = try session.read(input.span, into: &buffer, output: &scratch.output)
            keep(input, progress.consumed, input.count)
            return .success(progress.produced)
        } catch {
            return .failure(error)
        }
    }

    private func keep(_ input: [UInt8], _ start: Int, _ end: Int) {
        if start < end { received = Array(input[start..<end]) }
    }

    private func withInput<Result>(
        _ body: (inout [UInt8]) throws(SocketError) -> Result
    ) throws(SocketError) -> Result {
        var input: [UInt8] = []
        swap(&input, &scratch.input)
        defer { swap(&input, &scratch.input) }
        return try body(&input)
    }

    /// Writes what the session has for the client.
    private func flush(until deadline: Deadline) async throws(SocketError) {
        if !scratch.output.isEmpty { try writeOutput() }
        // Whoever waits for room already writes this, too.
        guard !unsent.isEmpty, !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while !unsent.isEmpty {
            let batch = unsent
            unsent = []
            try await socket.write(batch.span, until: deadline)
        }
    }

    /// Writes as much of the output as the kernel takes, and keeps the rest.
    private func writeOutput() throws(SocketError) {
        var output: [UInt8] = []
        swap(&output, &scratch.output)
        defer {
            output.removeAll(keepingCapacity: true)
            swap(&output, &scratch.output)
        }
        var count = 0
        if unsent.isEmpty { count = try socket.writeNow(output.span) }
        if count < output.count { unsent += output[count...] }
    }

    /// Sends the alert, or a word to a client that took the port for one of plain HTTP, as far as
    /// that needs no wait.
    private func fail(_ error: TLSError) {
        hasFailed = true
        received = []
        metrics.failed(error)
        if error == .plainHTTP { scratch.output = Self.plainAnswer }
        _ = try? writeOutput()
    }
}
