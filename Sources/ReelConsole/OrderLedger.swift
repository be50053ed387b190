package import ReelRuntime

/// Where an order is written down before it is sent, so that none is sent twice unless the first is
/// known not to have arrived: each costs money.
package protocol OrderLedger: Sendable {
    /// The same order that was sent before and whose outcome is not known; nil without one.
    func unresolved(_ key: String) -> UnresolvedOrder?

    /// Writes down, durably, that an order is about to be sent.
    func begin(_ key: String, at moment: Timestamp) async throws(OrderLedgerError)

    /// Takes that from this moment on it is not known what became of an order.
    func leave(_ key: String, at moment: Timestamp)

    /// Takes what became of an order, or that it never arrived.
    func settle(_ key: String) async
}

/// An order of unknown outcome.
package struct UnresolvedOrder: Hashable, Sendable {
    /// When it was sent first: nothing that is older was made by it.
    package let sentAt: Timestamp
    /// Since when nobody waits for its answer any more: so long at most it may have been made.
    package let unknownSince: Timestamp

    package init(sentAt: Timestamp, unknownSince: Timestamp) {
        self.sentAt = sentAt
        self.unknownSince = unknownSince
    }
}

/// Why an order could not be written down.
package struct OrderLedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
