internal import ReelHTTP
internal import ReelSystem

/// Lets the requests of one connection in, one after the other: whether their client may make
/// another one, and whether there is room for their content.
///
/// It is asked as soon as a head is known, before the content, and may be asked again.
struct RequestGate {
    /// Content up to this size takes no more room than a head does, and needs none of its own:
    /// whoever takes up all the room keeps no delivery of the common size out.
    private static let freeByteCount = 16 << 10

    private let peer: HTTPPeer
    private let context: HTTPConnection.Context
    /// Whose request it is that was let in.
    private var client: HTTPPeer?
    private var taken = 0

    init(_ peer: HTTPPeer, _ context: HTTPConnection.Context) {
        self.peer = peer
        self.context = context
    }

    /// Whether the present request was let in.
    var isOpen: Bool { client != nil }

    /// What became of a request.
    enum Admission {
        case letIn(HTTPPeer)
        case refused(HTTPResponse)
    }

    /// Counts the request against its client's rate.
    mutating func admit(_ fields: HTTPFields, at now: Deadline) -> Admission {
        if let client { return .letIn(client) }
        let client = context.clients.address.client(of: fields, from: peer)
        guard context.clients.allows(client, at: now) else {
            context.metrics.limited()
            return .refused(context.clients.refusal)
        }
        self.client = client
        return .letIn(client)
    }

    /// Counts a request that cannot be read; the answer when its client has made too many.
    ///
    /// Where a proxy speaks for clients by fields nobody knows whose it was.
    mutating func admitUnreadable(at now: Deadline) -> HTTPResponse? {
        guard !context.clients.address.isShared(peer) else { return nil }
        switch admit(HTTPFields(), at: now) {
        case .letIn: return nil
        case .refused(let response): return response
        }
    }

    /// Sees to room for so much content in all; the answer when there is none.
    mutating func makeRoom(for byteCount: Int) -> HTTPResponse? {
        guard byteCount > Self.freeByteCount, byteCount > taken else { return nil }
        guard context.contentRoom.take(byteCount - taken) else {
            context.metrics.contentRefused()
            var response = HTTPResponse.text(.serviceUnavailable, "Too much at once\n")
            let seconds = context.configuration.retryAfterSeconds
            response.fields.set("Retry-After", "\(seconds)")
            return response
        }
        taken = byteCount
        return nil
    }

    /// Gives back what the request has taken, once it is answered or the connection ends.
    mutating func close() {
        if taken > 0 { context.contentRoom.give(taken) }
        taken = 0
        client = nil
    }
}
