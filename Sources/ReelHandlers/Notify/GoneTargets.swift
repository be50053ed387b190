internal import ReelRuntime

/// The notification targets that said that they are gone, by URL; shared by the steps of a service.
package final class GoneTargets: Sendable {
    private let urls = Locked(Set<String>())

    package init() {}

    func contains(_ url: String) -> Bool { urls.withLock { $0.contains(url) } }

    /// Adds one.
    ///
    /// - Returns: Whether it was not known.
    func insert(_ url: String) -> Bool { urls.withLock { $0.insert(url).inserted } }
}
