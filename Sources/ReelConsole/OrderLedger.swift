package import ReelRuntime

/// Where an order is written down before it is sent, so that none is sent twice unless the first is
/// known not to have arrived: each costs money.
package protocol OrderLedger: Sendable {
    /// When the same order was sent whose outcome is not known; nil when there is none.
    func unresolved(_ key: String) -> Timestamp?

    /// Writes down, durably, that an order is about to be sent.
    func begin(_ key: String, at moment: Timestamp) async throws(OrderLedgerError)

    /// Takes that it is not known what became of an order.
    func leave(_ key: String)

    /// Takes what became of an order, or that it never arrived.
    func settle(_ key: String) async
}

/// Why an order could not be written down.
package struct OrderLedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
