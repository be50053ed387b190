import ReelAssets
import ReelCrypto
import ReelEvents
import ReelHandlers
import ReelJournal
import ReelObservability
import ReelProviders
import ReelRuntime
import ReelSystem
import TestSupport
import Testing

/// A journal in memory with one completed video, a staging area and a store in a temporary folder.
final class HandlerHarness: Sendable {
    let directory: TemporaryDirectory
    let pool = BlockingPool(threadCount: 2)
    let time = ManualTime()
    let driver: InMemoryJournalDriver
    let journal: Journal
    let sink = InMemoryLogSink()
    let metrics = Metrics()
    let context = StubHandlerJournal()
    let gone = GoneTargets()
    let event: Event
    let videoID: VideoID

    init(type: TerminalState = .completed) async throws {
        directory = try TemporaryDirectory()
        driver = InMemoryJournalDriver(time: time)
        journal = Journal(driver: driver)
        videoID = try #require(VideoID("video_1"))
        let fact = Fact(provider: "openai", videoID: videoID, terminal: type)
        let observation = Observation(
            fact: fact,
            occurredAt: Timestamp(secondsSinceEpoch: 1_795_251_500),
            observedAt: time.now()
        )
        let outcome = try await driver.append(EntryDraft(observation: observation))
        guard case .appended(let sequence) = outcome else {
            throw HarnessFault(description: "not appended: \(outcome)")
        }
        let entry = try #require(try await driver.entry(sequence))
        event = try #require(Event(entry))
        context.setFiles { [driver, directory, videoID] in
            try await driver.assets(provider: "openai", videoID: videoID)
                .filter { $0.state == .stored }
                .map {
                    StoredFile(
                        variant: $0.variant,
                        location: directory.path + "/videos/" + ($0.location ?? ""),
                        contentType: $0.contentType,
                        byteCount: $0.byteCount,
                        sha256: $0.sha256
                    )
                }
        }
    }

    struct HarnessFault: Error { let description: String }

    var logger: Logger { Logger(sink: sink, level: .debug, time: time, component: "test") }

    func staging(
        _ disk: any Disk = SystemDisk(),
        reserveByteCount: Int64 = 0
    ) -> StagingArea {
        var configuration = StagingArea.Configuration()
        configuration.reserveByteCount = reserveByteCount
        configuration.bufferByteCount = 2048
        return StagingArea(
            directory: directory.file(".incoming"),
            disk: disk,
            pool: pool,
            configuration: configuration
        )
    }

    func store(_ disk: any Disk = SystemDisk()) -> DiskAssetStore {
        DiskAssetStore(root: directory.file("videos"), disk: disk, pool: pool)
    }

    /// Runs a handler as the dispatcher does, with what earlier attempts saved.
    func run(_ handler: any Handler, attempt: Int = 1) async -> Outcome {
        await handler.handle(
            event,
            HandlerContext(
                chain: "default",
                step: "step",
                attempt: attempt,
                id: "msg_1",
                checkpoint: context.checkpoint,
                journal: context
            )
        )
    }

    func fetch(
        _ provider: StubProvider,
        variants: [String] = ["video"],
        disk: any Disk = SystemDisk(),
        reserveByteCount: Int64 = 0,
        _ change: (inout FetchLimits) -> Void = { _ in }
    ) -> FetchHandler {
        var limits = FetchLimits()
        limits.checkpointByteCount = 1
        limits.checkpointInterval = .zero
        change(&limits)
        return FetchHandler(
            providers: [provider],
            staging: staging(disk, reserveByteCount: reserveByteCount),
            journal: journal,
            variants: variants,
            limits: limits,
            time: time,
            logger: logger,
            metrics: metrics
        )
    }

    func storing(_ disk: any Disk = SystemDisk()) -> StoreHandler {
        StoreHandler(
            store: store(disk),
            staging: staging(disk),
            journal: journal,
            time: time,
            logger: logger
        )
    }

    func record(_ variant: String = "video") async throws -> AssetRecord? {
        try await driver.assets(provider: "openai", videoID: videoID)
            .first { $0.variant == variant }
    }

    /// The bytes in the staging area.
    func staged(_ variant: String = "video") throws -> [UInt8] {
        let key = try #require(
            PartKey(provider: "openai", videoID: "video_1", variant: variant)
        )
        return try FileTree.read(staging().path(key))
    }

    func stored(_ name: String) throws -> [UInt8] {
        try FileTree.read(directory.path + "/videos/video_1/" + name)
    }

    /// Whether the fetched file of a variant is these bytes, by the disk and by the journal.
    func expectFetched(
        _ bytes: [UInt8],
        _ variant: String = "video",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let record = try #require(try await record(variant), sourceLocation: sourceLocation)
        #expect(record.state == .fetched, sourceLocation: sourceLocation)
        #expect(record.byteCount == Int64(bytes.count), sourceLocation: sourceLocation)
        #expect(
            record.sha256 == hexadecimal(SHA256.hash(bytes)),
            sourceLocation: sourceLocation
        )
        let staged = try staged(variant)
        #expect(staged == bytes, sourceLocation: sourceLocation)
    }
}

/// What a handler's context keeps, in memory.
final class StubHandlerJournal: HandlerJournal {
    typealias Files = @Sendable () async throws -> [StoredFile]

    private struct State {
        var checkpoint: [UInt8]?
        var files: Files?
        var isBroken = false
        var hasLeftTargetAlone = false
    }

    struct Broken: Error {}

    private let state = Locked(State())

    var checkpoint: [UInt8]? { state.withLock { $0.checkpoint } }

    func setFiles(_ files: @escaping Files) { state.withLock { $0.files = files } }
    func breakDown() { state.withLock { $0.isBroken = true } }
    func forget() { state.withLock { $0.checkpoint = nil } }

    var hasLeftTargetAlone: Bool { state.withLock { $0.hasLeftTargetAlone } }
    func leftTargetAlone() { state.withLock { $0.hasLeftTargetAlone = true } }

    func save(checkpoint: [UInt8]) async throws {
        let isBroken = state.withLock { state in
            if !state.isBroken { state.checkpoint = checkpoint }
            return state.isBroken
        }
        if isBroken { throw Broken() }
    }

    func files() async throws -> [StoredFile] {
        let (files, isBroken) = state.withLock { ($0.files, $0.isBroken) }
        if isBroken { throw Broken() }
        return try await files?() ?? []
    }
}

extension Outcome {
    var code: String? {
        switch self {
        case .done: nil
        case .retry(_, let reason), .unavailable(_, let reason), .postpone(_, let reason),
            .giveUp(let reason):
            reason.code
        }
    }

    var isOutage: Bool {
        if case .unavailable = self { return true }
        return false
    }

    var isDone: Bool {
        guard case .done = self else { return false }
        return true
    }

    var isRetry: Bool {
        switch self {
        case .retry, .unavailable: true
        case .done, .postpone, .giveUp: false
        }
    }

    var isGivenUp: Bool {
        guard case .giveUp = self else { return false }
        return true
    }

    /// The wait that the handler named.
    var wait: Duration? {
        switch self {
        case .retry(let wait, _), .unavailable(let wait, _): wait
        case .postpone(let wait, _): wait
        case .done, .giveUp: nil
        }
    }
}
