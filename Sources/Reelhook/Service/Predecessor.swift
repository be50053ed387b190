internal import ReelSystem

/// The process before this one on the same data directory, as far as this one has heard of it.
///
/// It gives its sockets as soon as it is asked, and goes on alone until it is told to stop. So
/// there is no moment at which nobody listens, and nobody waits for this process before the other
/// one has finished all that takes long.
struct Predecessor {
    private let path: String
    private var link: HandoverLink?
    /// The sockets that were given last; kept when the giver has gone, since then nobody else may
    /// have them.
    private(set) var sockets: [String: ListeningSocket] = [:]

    init(_ configuration: Configuration) {
        path = ListenerSockets.deskPath(configuration)
    }

    /// Asks for the sockets, or looks whether they have come; true once all has been heard that
    /// is to be heard for now.
    mutating func ask() -> Bool {
        if link == nil {
            link = HandoverLink(to: path)
            // Whoever is there has no desk, or none any more.
            if link == nil { return true }
        }
        switch link?.news() {
        case .nothing: return !sockets.isEmpty
        case .sockets(let given):
            sockets = given
            return true
        case .ended, nil:
            link = nil
            return false
        }
    }
}
