package import ReelAssets
package import ReelEvents
package import ReelJournal
package import ReelObservability
package import ReelProviders
package import ReelReconciler
package import ReelRuntime

/// What the console's routes work with.
package struct ConsoleContext: Sendable {
    package let journal: Journal
    /// The first one takes what names no provider.
    package let providers: [any VideoProvider]
    /// The names of the providers whose pictures are looked at before they are sent.
    package let checksReferences: Set<String>
    package let store: any AssetStore
    /// Whether stored content is answered with a link to the store, where that has links.
    package let redirectsToStore: Bool
    /// Who knows of links that die soon.
    package let expiryWatch: ExpiryWatch
    /// Where the secrets of endpoints go that are made by command.
    package let endpointShelf: any EndpointShelf
    /// Where orders are written down before they are sent.
    package let orders: any OrderLedger
    package let metrics: Metrics
    package let logger: Logger
    package let time: any TimeSource
    /// Open once the service stops, so that endless answers end.
    package let stop: Latch
    /// Rung when there is a replay to begin, to stop or to continue.
    package let replayBell: Doorbell
    /// Rung when there are files to delete.
    package let fileBell: Doorbell
    /// How long a video that a provider does not delete is tried again.
    package let deletionPolicy: ProviderDeletion.Policy
    /// The version that `GET /control/status` tells.
    package let version: String

    package init(
        journal: Journal,
        providers: [any VideoProvider],
        checksReferences: Set<String> = [],
        store: any AssetStore,
        redirectsToStore: Bool = false,
        expiryWatch: ExpiryWatch,
        endpointShelf: any EndpointShelf,
        orders: any OrderLedger,
        metrics: Metrics,
        logger: Logger,
        time: any TimeSource,
        stop: Latch,
        replayBell: Doorbell = Doorbell(),
        fileBell: Doorbell = Doorbell(),
        deletionPolicy: ProviderDeletion.Policy = ProviderDeletion.Policy(),
        version: String
    ) {
        self.journal = journal
        self.providers = providers
        self.checksReferences = checksReferences
        self.store = store
        self.redirectsToStore = redirectsToStore
        self.expiryWatch = expiryWatch
        self.endpointShelf = endpointShelf
        self.orders = orders
        self.metrics = metrics
        self.logger = logger
        self.time = time
        self.stop = stop
        self.replayBell = replayBell
        self.fileBell = fileBell
        self.deletionPolicy = deletionPolicy
        self.version = version
    }

    func provider(named name: String) -> (any VideoProvider)? {
        providers.first { $0.name == name }
    }
}
