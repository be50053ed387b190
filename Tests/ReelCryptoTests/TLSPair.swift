import ReelCrypto
import TestSupport

/// A client and a server whose bytes are carried by hand, cut as a feeder says.
final class TLSPair {
    let client: TLSSession
    let server: TLSSession
    private let feeder: ByteFeeder
    private(set) var serverReceived: [UInt8] = []
    private(set) var clientReceived: [UInt8] = []
    private(set) var clientError: TLSError?
    private(set) var serverError: TLSError?

    init(client: TLSSession, server: TLSSession, feeder: ByteFeeder = .whole) {
        self.client = client
        self.server = server
        self.feeder = feeder
    }

    var isEstablished: Bool { client.isEstablished && server.isEstablished }

    /// Carries bytes to and fro until neither side has any.
    func run(_ begun: [UInt8] = []) {
        var toServer = begun
        if !client.isEstablished, clientError == nil {
            _ = try? client.handshake(Span(), output: &toServer)
        }
        var toClient: [UInt8] = []
        while !toServer.isEmpty || !toClient.isEmpty {
            for piece in feeder.pieces(of: toServer) where serverError == nil {
                do throws(TLSError) {
                    try Self.feed(piece, to: server, &serverReceived, &toClient)
                } catch {
                    serverError = error
                }
            }
            toServer = []
            for piece in feeder.pieces(of: toClient) where clientError == nil {
                do throws(TLSError) {
                    try Self.feed(piece, to: client, &clientReceived, &toServer)
                } catch {
                    clientError = error
                }
            }
            toClient = []
        }
    }

    /// Sends plain bytes from the client to the server, or the other way.
    func send(_ bytes: [UInt8], fromServer: Bool = false) throws {
        var wire: [UInt8] = []
        if fromServer {
            try server.write(bytes.span, output: &wire)
            var ignored: [UInt8] = []
            for piece in feeder.pieces(of: wire) {
                try Self.feed(piece, to: client, &clientReceived, &ignored)
            }
        } else {
            try client.write(bytes.span, output: &wire)
            run(wire)
        }
    }

    /// Gives bytes of the wire to a session, in whatever state it is.
    static func feed(
        _ bytes: [UInt8],
        to session: TLSSession,
        _ received: inout [UInt8],
        _ output: inout [UInt8]
    ) throws(TLSError) {
        var rest = bytes
        if !session.isEstablished {
            let used = try session.handshake(rest.span, output: &output)
            rest.removeFirst(used)
        }
        guard session.isEstablished else { return }
        var buffer = [UInt8](repeating: 0, count: 100)
        while !rest.isEmpty || session.hasMore {
            let progress = try session.read(rest.span, into: &buffer, output: &output)
            rest.removeFirst(progress.consumed)
            received += buffer[..<progress.produced]
            if session.isClosedByPeer { return }
        }
    }
}
