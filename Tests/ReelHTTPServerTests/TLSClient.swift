import ReelCrypto
import TestSupport

/// A client of HTTPS over a raw connection, for tests that decide what is sent when.
final class TLSClient: Sendable {
    let connection: TCPClient
    // SAFETY: a test awaits each call before it makes the next.
    nonisolated(unsafe) private let session: TLSSession

    init(_ connection: TCPClient, trusting root: [UInt8]) throws {
        self.connection = connection
        unsafe session = TLSSession(with: try TLSContext(trusting: root), host: "localhost")
    }

    /// Makes the handshake, with a text in one piece with its end.
    func handshake(sending text: String = "") async throws {
        var output: [UInt8] = []
        _ = try unsafe session.handshake(Span(), output: &output)
        while true {
            let isDone = unsafe session.isEstablished
            if isDone, !text.isEmpty { output += try encrypted(Array(text.utf8)) }
            if !output.isEmpty { try await connection.send(output) }
            if isDone { return }
            output = []
            let input = try await connection.receive()
            guard !input.isEmpty else { throw TLSError.ended }
            _ = try unsafe session.handshake(input.span, output: &output)
        }
    }

    /// What goes over the wire for these bytes.
    func encrypted(_ bytes: [UInt8]) throws -> [UInt8] {
        var output: [UInt8] = []
        try unsafe session.write(bytes.span, output: &output)
        return output
    }

    func send(_ text: String) async throws {
        try await connection.send(encrypted(Array(text.utf8)))
    }

    /// The plain bytes that come next.
    func receiveText() async throws -> String {
        var ignored: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let wire = try await connection.receive()
            guard !wire.isEmpty else { throw TLSError.ended }
            let progress = try unsafe session.read(wire.span, into: &buffer, output: &ignored)
            precondition(progress.consumed == wire.count, "a part of a record has come")
            guard progress.produced == 0 else {
                return String(decoding: buffer[..<progress.produced], as: UTF8.self)
            }
        }
    }

    /// Plain bytes until the server's close_notify; throws `ended` when there is none.
    func receiveToEnd() async throws -> [UInt8] {
        var (received, ignored): ([UInt8], [UInt8]) = ([], [])
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while unsafe !session.isClosedByPeer {
            var rest = try await connection.receive()
            guard !rest.isEmpty else { throw TLSError.ended }
            while unsafe !rest.isEmpty || session.hasMore, unsafe !session.isClosedByPeer {
                let progress = try unsafe session.read(rest.span, into: &buffer, output: &ignored)
                rest.removeFirst(progress.consumed)
                received += buffer[..<progress.produced]
            }
        }
        return received
    }

    func receiveTextToEnd() async throws -> String {
        String(decoding: try await receiveToEnd(), as: UTF8.self)
    }
}
