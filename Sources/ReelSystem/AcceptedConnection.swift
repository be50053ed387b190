internal import ReelRuntime

/// A connection that was accepted and is on its way to the loop that will serve it.
///
/// It is closed when it goes away without having become a `Socket`.
package final class AcceptedConnection: Sendable {
    package let peer: SocketAddress
    private let number: Locked<Int32?>

    init(_ descriptor: consuming Descriptor, peer: SocketAddress) {
        self.peer = peer
        number = Locked(descriptor.release())
    }

    deinit {
        if let number = number.withLock({ $0 }) { _ = Descriptor(owning: number) }
    }

    func takeDescriptor() -> Descriptor {
        let taken = number.withLock { number in
            defer { number = nil }
            return number
        }
        guard let taken else { preconditionFailure("a connection was taken over twice") }
        return Descriptor(owning: taken)
    }
}
