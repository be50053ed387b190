internal import ReelAssets
internal import ReelConsole
internal import ReelEvents
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelHTTPServer
internal import ReelHandlers
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelObservability
internal import ReelProviders
internal import ReelReconciler
internal import ReelRuntime
internal import ReelSystem

/// The parts of a service, made from its configuration and open; closed by the one who opened them.
struct ServiceParts: Sendable {
    let configuration: Configuration
    let surroundings: Surroundings
    let journal: Journal
    let client: any HTTPTransport
    let pool: BlockingPool
    let providers: [any VideoProvider]
    let staging: StagingArea
    let store: any AssetStore
    /// The store, where it is a bucket.
    let bucket: S3AssetStore?
    let expiryWatch: ExpiryWatch
    let upkeepClock: UpkeepClock
    let endpointSecrets: EndpointSecrets
    let orders: OrderFiles
    let stop: Latch
    let replayBell = Doorbell()
    let fileBell = Doorbell()
    let goneTargets = GoneTargets()

    /// What a service is handed besides its configuration.
    struct Surroundings: Sendable {
        var time: any TimeSource
        var random: any RandomSource
        var logger: Logger
        var metrics: Metrics
        var machine = Machine()
    }

    /// Makes the data directory, opens the journal in it and prepares the rest.
    ///
    /// - Throws: `StartError` when the directory or the journal cannot be used, with everything
    ///   that was opened closed again.
    static func open(
        _ given: Configuration,
        _ surroundings: Surroundings
    ) async throws(StartError) -> ServiceParts {
        var configuration = given
        configuration.dataDirectory = absolutePath(given.dataDirectory)
        let directory = configuration.dataDirectory
        let machine = surroundings.machine
        do throws(AssetError) {
            try machine.disk.createDurableDirectory(directory, permissions: 0o750)
        } catch {
            throw .dataDirectory(path: directory, error.description)
        }
        var settings = HTTPClientConfiguration()
        settings.version = reelhookVersion
        settings.authorityFilePath = configuration.authorityFile
        let client = machine.makeTransport(settings, surroundings.time, surroundings.metrics)
        let pool = BlockingPool(threadCount: 4, name: "files", at: machine.workers)
        var journal: Journal?
        do throws(StartError) {
            let opened = try openJournal(configuration, surroundings)
            journal = opened
            let providers = try makeProviders(configuration, client, surroundings, opened.driver)
            let staging = try await openStaging(configuration, pool, surroundings)
            // A store that is away holds up no start.
            let bucket = configuration.bucket?.store(
                client: client,
                disk: machine.disk,
                pool: pool,
                time: surroundings.time,
                random: surroundings.random
            )
            let store = try await openStore(configuration, bucket, machine.disk, pool)
            let time = surroundings.time
            let endpointSecrets = try openSecrets(configuration, machine.disk, pool, time)
            let orders = try openOrders(directory, machine.disk, pool, time)
            return ServiceParts(
                configuration: configuration,
                surroundings: surroundings,
                journal: opened,
                client: client,
                pool: pool,
                providers: providers,
                staging: staging,
                store: store,
                bucket: bucket,
                expiryWatch: ExpiryWatch(
                    journal: opened,
                    span: configuration.fetch.alarmSpan,
                    time: surroundings.time,
                    logger: surroundings.logger,
                    metrics: surroundings.metrics
                ),
                upkeepClock: UpkeepClock(
                    driver: opened.driver,
                    time: surroundings.time,
                    logger: surroundings.logger.named("upkeep"),
                    metrics: surroundings.metrics
                ),
                endpointSecrets: endpointSecrets,
                orders: orders,
                stop: Latch()
            )
        } catch {
            await journal?.driver.close()
            await client.stop()
            pool.close()
            throw error
        }
    }

    private static func openOrders(
        _ directory: String,
        _ disk: any Disk,
        _ pool: BlockingPool,
        _ time: any TimeSource
    ) throws(StartError) -> OrderFiles {
        do throws(AssetError) {
            return try OrderFiles(directory, disk: disk, pool: pool, time: time)
        } catch {
            throw .dataDirectory(path: directory, error.description)
        }
    }

    private static func openSecrets(
        _ configuration: Configuration,
        _ disk: any Disk,
        _ pool: BlockingPool,
        _ time: any TimeSource
    ) throws(StartError) -> EndpointSecrets {
        do throws(AssetError) {
            return try EndpointSecrets(configuration, disk: disk, pool: pool, time: time)
        } catch {
            throw .dataDirectory(path: configuration.dataDirectory, error.description)
        }
    }

    private static func openStaging(
        _ configuration: Configuration,
        _ pool: BlockingPool,
        _ surroundings: Surroundings
    ) async throws(StartError) -> StagingArea {
        let directory = configuration.dataDirectory
        do throws(AssetError) {
            let staging = try await StagingArea.open(
                directory: directory + "/.incoming",
                reserveByteCount: Int64(configuration.fetch.reserveByteCount),
                disk: surroundings.machine.disk,
                pool: pool
            )
            // Parts of videos that nobody came back to; one that is wanted after all begins anew.
            let oldest = surroundings.time.now() - .seconds(30 * 86_400)
            _ = try await staging.removeOrphans(writtenBefore: oldest)
            return staging
        } catch {
            throw .dataDirectory(path: directory, error.description)
        }
    }

    private static func openStore(
        _ configuration: Configuration,
        _ bucket: S3AssetStore?,
        _ disk: any Disk,
        _ pool: BlockingPool
    ) async throws(StartError) -> any AssetStore {
        if let bucket { return bucket }
        let directory = configuration.dataDirectory
        do throws(AssetError) {
            return try await DiskAssetStore.open(
                directory: directory + "/videos",
                disk: disk,
                pool: pool
            )
        } catch {
            throw .dataDirectory(path: directory, error.description)
        }
    }

    private static func openJournal(
        _ configuration: Configuration,
        _ surroundings: Surroundings
    ) throws(StartError) -> Journal {
        let path = configuration.dataDirectory + "/reelhook.db"
        var settings = SQLiteJournalConfiguration()
        settings.queuedWriteCountMax = configuration.journal.pendingWriteCountMax
        settings.reserveByteCount = Int64(configuration.journal.reserveByteCount)
        let logByteCountMax = configuration.journal.logByteCountMax
        settings.heldLogByteCountMax = logByteCountMax
        settings.walByteCountMax = min(settings.walByteCountMax, logByteCountMax / 2)
        settings.checkpointByteCount = min(settings.checkpointByteCount, logByteCountMax / 4)
        do throws(JournalError) {
            return Journal(
                driver: try surroundings.machine.openJournal(
                    path,
                    settings,
                    surroundings.logger.named("journal"),
                    surroundings.metrics,
                    surroundings.time
                )
            )
        } catch {
            let owner = error == .inUse ? SQLiteJournalDriver.owner(of: path) : nil
            throw .journal(path: path, error, owner: owner)
        }
    }

    private static func makeProviders(
        _ configuration: Configuration,
        _ client: any HTTPTransport,
        _ surroundings: Surroundings,
        _ journal: any JournalDriver
    ) throws(StartError) -> [any VideoProvider] {
        try configuration.providers.map { settings throws(StartError) in
            let given = [settings.apiKey].compactMap(\.self) + settings.furtherKeys
            let keys = given.compactMap { APIKey($0.revealed) }
            guard keys.count == given.count else {
                throw StartError.provider(name: settings.name, "an API key has odd bytes")
            }
            var limits = ProviderLimits()
            limits.callCountMax = settings.concurrencyMax
            limits.requestsPerMinute = settings.requestsPerMinute
            limits.stallTimeout = configuration.fetch.stallTimeout
            limits.slowestBytesPerSecond = configuration.fetch.slowestBytesPerSecond
            limits.redirectDestinations = configuration.destinations(for: settings.baseURL)
            return OpenAICompatibleProvider(
                name: settings.name,
                baseURL: try baseURL(of: settings),
                access: ProviderAccess(
                    keys: keys,
                    organization: settings.organization,
                    project: settings.project
                ),
                transport: client,
                limits: limits,
                time: surroundings.time,
                random: surroundings.random,
                metrics: surroundings.metrics,
                recallKey: { [name = settings.name] text in
                    // What cannot be read is found out by trying.
                    guard let id = VideoID(text),
                        let job = try? await journal.job(provider: name, id: id)
                    else { return nil }
                    return job.keyPrint.map { KeyPrint(rawValue: $0) }
                }
            )
        }
    }

    private static func baseURL(
        of settings: ProviderSettings
    ) throws(StartError) -> ProviderBaseURL {
        do throws(ProviderBaseURL.Fault) {
            return try ProviderBaseURL(settings.baseURL)
        } catch {
            throw .provider(name: settings.name, error.description)
        }
    }

    var consoleContext: ConsoleContext {
        ConsoleContext(
            journal: journal,
            providers: providers,
            checksReferences: Set(
                configuration.providers.filter(\.checksReferences).map(\.name)
            ),
            store: store,
            redirectsToStore: configuration.bucket?.redirects ?? false,
            expiryWatch: expiryWatch,
            endpointShelf: endpointSecrets,
            orders: orders,
            metrics: surroundings.metrics,
            logger: surroundings.logger.named("console"),
            time: surroundings.time,
            stop: stop,
            replayBell: replayBell,
            fileBell: fileBell,
            deletionPolicy: configuration.fileRetention.deletion,
            version: reelhookVersion
        )
    }

    /// What cleans up after uploads that a crash cut off; nil where files are kept on the disk.
    var uploadSweep: UploadSweep? {
        bucket.map { bucket in
            UploadSweep(
                bucket: bucket,
                time: surroundings.time,
                logger: surroundings.logger.named("store")
            )
        }
    }

    /// Where a stored file is, for handlers and notifications: a path, or a bucket and a key.
    func place(of location: String) -> String {
        guard let bucket = configuration.bucket else {
            return configuration.dataDirectory + "/videos/" + location
        }
        return "s3://" + bucket.name + "/" + bucket.prefix + location
    }

    /// Ends transfers, finishes the journal's writes and closes it.
    func close() async {
        await client.stop()
        await journal.driver.close()
        pool.close()
    }
}

/// Why a service cannot start, in words for its operator.
public enum StartError: Error, Sendable, CustomStringConvertible {
    case dataDirectory(path: String, String)
    case journal(path: String, JournalFault)
    case address(String, String)
    case certificate(listener: String, String)
    case provider(name: String, String)

    /// A journal's error by its sentence, so that no other module's type is needed to read it.
    public struct JournalFault: Sendable, CustomStringConvertible {
        public let description: String
        /// Whether another process has the data directory.
        public let isInUse: Bool
        /// That process, where it said so.
        public let ownerProcessID: Int32?
    }

    static func journal(
        path: String,
        _ error: JournalError,
        owner: Int32? = nil
    ) -> StartError {
        .journal(
            path: path,
            JournalFault(
                description: error.description,
                isInUse: error == .inUse,
                ownerProcessID: owner
            )
        )
    }

    public var description: String {
        switch self {
        case .dataDirectory(let path, let reason):
            "the data directory \(path) cannot be used: \(reason)"
        case .journal(let path, let fault) where fault.isInUse:
            "another reelhook"
                + (fault.ownerProcessID.map { ", process \($0)," } ?? "")
                + " is running on this data directory (\(path)); stop it first, or name"
                + " another with --data"
        case .journal(let path, let fault): "the journal \(path) cannot be used: \(fault)"
        case .address(let address, let reason): "cannot listen on \(address): \(reason)"
        case .certificate(let listener, let reason):
            "the certificate of the \(listener) cannot be used: \(reason)"
        case .provider(let name, let reason): "the provider \(name) cannot be used: \(reason)"
        }
    }
}

/// The version that `reelhook version`, the console and the user agent tell.
package let reelhookVersion = "0.1.0"
