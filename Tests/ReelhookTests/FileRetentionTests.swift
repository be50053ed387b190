import ReelAssets
import ReelEvents
import ReelHTTPClient
import ReelJSON
import ReelJournal
import ReelObservability
import ReelProviders
import ReelReconciler
import ReelRuntime
import TestSupport
import Testing

@testable import Reelhook

/// Which stored files are deleted, where, and what is left when one of the parts fails.
struct FileRetentionTests {
    private let time = ManualTime()
    private let sink = InMemoryLogSink()
    private let metrics = Metrics()
    private let journal = Journal(driver: InMemoryJournalDriver())
    private let store = ForgettingStore()
    private let provider = ForgettingProvider()

    private func retention(
        _ change: (inout FileRetentionSettings) -> Void = { _ in }
    ) -> FileRetention {
        var settings = FileRetentionSettings()
        change(&settings)
        return FileRetention(
            journal: journal,
            store: store,
            providers: [provider],
            settings: settings,
            bell: Doorbell(),
            clock: .trustful(journal, time),
            time: time,
            logger: Logger(sink: sink, level: .debug, time: time, component: "upkeep"),
            metrics: metrics
        )
    }

    /// Stores a file of a completed video, `days` ago.
    private func store(_ name: String, _ days: Int, provider: String = "openai") async throws {
        let id = try #require(VideoID(name))
        let moment = time.now() - .seconds(days * 86_400)
        var update = JobUpdate(provider: provider, id: id, origin: .event, moment: moment)
        update.state = .completed
        _ = try await journal.driver.record(update)
        try await journal.driver.bring(
            AssetRecord(
                provider: provider,
                videoID: id,
                variant: "video",
                state: .stored,
                byteCount: 100,
                location: name + "/video.mp4",
                updatedAt: moment
            )
        )
    }

    private func states(_ names: String...) async throws -> [AssetState] {
        var states: [AssetState] = []
        for name in names {
            let id = try #require(VideoID(name))
            let files = try await journal.driver.assets(provider: "openai", videoID: id)
            states += files.map(\.state)
        }
        return states
    }

    @Test
    func `without a limit everything stays`() async throws {
        try await store("video_1", 5_000)
        #expect(try await retention().round())
        #expect(try await states("video_1") == [.stored])
        #expect(store.deleted.isEmpty && provider.deleted.isEmpty)
    }

    @Test(arguments: ["days", "videos", "bytes"])
    func `those that were stored first go until the rest fits`(_ limit: String) async throws {
        for (name, days) in [("video_1", 40), ("video_2", 20), ("video_3", 31), ("video_4", 1)] {
            try await store(name, days)
        }
        let retention = retention { settings in
            switch limit {
            case "days": settings.age = .seconds(30 * 86_400)
            case "videos": settings.videoCountMax = 2
            default: settings.byteCountMax = 250
            }
        }
        #expect(try await retention.round())
        #expect(store.deleted == ["video_1", "video_3"])
        let expected: [AssetState] = [.deleted, .stored, .deleted, .stored]
        #expect(try await states("video_1", "video_2", "video_3", "video_4") == expected)
        #expect(provider.deleted.isEmpty)
        let id = try #require(VideoID("video_1"))
        let file = try await journal.driver.assets(provider: "openai", videoID: id).first
        #expect(file?.reason?.code == "retention_" + limit)
        let counter = metrics.counter("reelhook_files_deleted_bytes_total", help: "")
        #expect(counter.value == 200)
        #expect(try await retention.round())
        #expect(store.deleted.count == 2)
    }

    @Test
    func `more than a page of them go`() async throws {
        for index in 0..<250 { try await store("video_\(index)", 40) }
        #expect(try await retention { $0.age = .seconds(86_400) }.round())
        #expect(Set(store.deleted).count == 250 && store.deleted.count == 250)
    }

    @Test
    func `a store that is away is asked again, and the journal says what is to go`() async throws {
        try await store("video_1", 40)
        store.refusal = .disk(code: 5)
        let retention = retention { $0.age = .seconds(86_400) }
        #expect(try await !retention.round())
        #expect(try await states("video_1") == [.leaving])
        #expect(sink.messages.contains("the files of a video could not be deleted"))
        store.refusal = nil
        #expect(try await retention.round())
        #expect(try await states("video_1") == [.deleted])
    }

    @Test(
        arguments: [
            (nil, JobState.deleted), (.notFound, .deleted), (.forbidden, .completed),
            (.unreachable, .completed), (.rateLimited, .completed),
        ] as [(ProviderError.Kind?, JobState)]
    )
    func `the provider is told, and again where it did not delete`(
        _ fault: ProviderError.Kind?,
        _ state: JobState
    ) async throws {
        try await store("video_1", 40)
        provider.refusal = fault
        let retention = retention { settings in
            settings.age = .seconds(86_400)
            settings.deletesAtProvider = true
        }
        #expect(try await retention.round())
        // It holds up nothing here.
        #expect(store.deleted == ["video_1"])
        #expect(try await job("video_1").state == state)
        provider.refusal = nil
        guard state != .deleted else {
            #expect(try await job("video_1").removal == nil)
            return
        }
        let removal = try #require(try await job("video_1").removal)
        #expect(removal.dueAt == time.now() + .seconds(5))
        #expect(removal.failureCount == 1 && removal.reason?.code == fault?.rawValue)
        // Not before its time, and not by another round over the files.
        #expect(try await retention.round())
        #expect(try await retention.askProviders() == .seconds(5))
        #expect(provider.deleted.isEmpty)
        time.advance(by: .seconds(5))
        #expect(try await retention.askProviders() == FileRetention.interval)
        #expect(provider.deleted == ["video_1"])
        #expect(try await job("video_1").state == .deleted)
        #expect(try await job("video_1").removal == nil)
    }

    @Test
    func `what a provider never deletes is given up in the end, and said to be`() async throws {
        try await store("video_1", 40)
        provider.refusal = .forbidden
        let retention = retention { settings in
            settings.age = .seconds(86_400)
            settings.deletesAtProvider = true
            settings.deletion.attemptCountMax = 13
        }
        #expect(try await retention.round())
        var waits: [Int] = []
        for _ in 0..<12 {
            let removal = try #require(try await job("video_1").removal)
            let wait = try #require(removal.dueAt) - time.now()
            waits.append(Int(wait.components.seconds))
            time.advance(by: wait)
            _ = try await retention.askProviders()
        }
        #expect(waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600])
        let removal = try #require(try await job("video_1").removal)
        #expect(removal.state == .givenUp && removal.failureCount == 13)
        #expect(removal.reason == Reason("forbidden"))
        #expect(sink.messages.contains("the deletion of a video at its provider is given up"))
        time.advance(by: .seconds(900_000))
        #expect(try await retention.askProviders() == FileRetention.interval)
        #expect(try await job("video_1").state == .completed)
        func count(_ result: String) -> Int64 {
            metrics.counter(
                "reelhook_provider_deletions_total",
                help: "",
                labels: ["result": result]
            ).value
        }
        #expect(count("failed") == 12 && count("given_up") == 1 && count("deleted") == 0)
    }

    private func job(_ name: String) async throws -> VideoJob {
        let id = try #require(VideoID(name))
        return try #require(try await journal.driver.job(provider: "openai", id: id))
    }

    @Test
    func `a folder that another provider's video of the same name has stays`() async throws {
        try await store("video_1", 40)
        try await store("video_1", 1, provider: "other")
        let retention = retention { $0.age = .seconds(30 * 86_400) }
        #expect(try await !retention.round())
        #expect(store.deleted.isEmpty)
        time.advance(by: .seconds(60 * 86_400))
        #expect(try await retention.round())
        #expect(Set(store.deleted) == ["video_1"])
    }
}

/// A store that remembers what it was to delete.
private final class ForgettingStore: AssetStore {
    private let state = Locked((deleted: [String](), refusal: AssetError?.none))

    var deleted: [String] { state.withLock { $0.deleted } }
    var refusal: AssetError? {
        get { state.withLock { $0.refusal } }
        set { state.withLock { $0.refusal = newValue } }
    }

    func delete(provider: String, videoID: String) async throws(AssetError) {
        if let refusal { throw refusal }
        state.withLock { $0.deleted.append(videoID) }
    }

    func put(_ file: StagedFile, as key: AssetKey) async throws(AssetError) -> StoredAsset {
        throw .invalidName
    }

    func write(_ bytes: [UInt8], as key: AssetKey) async throws(AssetError) -> StoredAsset {
        throw .invalidName
    }

    func open(_ key: AssetKey) async throws(AssetError) -> (any AssetReader)? { nil }
}

/// A provider that remembers what it was to delete.
private final class ForgettingProvider: VideoProvider {
    private let state = Locked((deleted: [String](), refusal: ProviderError.Kind?.none))

    let name = "openai"
    var deleted: [String] { state.withLock { $0.deleted } }
    var refusal: ProviderError.Kind? {
        get { state.withLock { $0.refusal } }
        set { state.withLock { $0.refusal = newValue } }
    }

    func delete(_ id: String) async throws(ProviderError) -> JSONValue {
        if let refusal { throw ProviderError(refusal) }
        state.withLock { $0.deleted.append(id) }
        return .object(["id": .string(id), "deleted": .bool(true)])
    }

    private static let unused = ProviderError(.unsupportedValue)

    func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        throw Self.unused
    }

    func retrieve(_ id: String) async throws(ProviderError) -> VideoStatus { throw Self.unused }
    func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage {
        throw Self.unused
    }

    func remix(_ id: String, _ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
        throw Self.unused
    }

    func content(_ request: ContentRequest) async throws(ProviderError) -> any HTTPClientStream {
        throw Self.unused
    }
}
