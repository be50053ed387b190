import ReelAssets
import ReelHTTP
import ReelHTTPClient
import ReelJSON
import ReelJournal
import ReelObservability
import ReelProviders
import ReelReconciler
import ReelRuntime
import ReelSystem
import TestSupport
import Testing

@testable import ReelConsole

struct OrderDeskTests {
    /// What is told to the ledger and asked of the provider, in order.
    private struct Story {
        var lines: [String] = []
        var unresolved: Timestamp?
        var isFull = false
        var creation: Result<VideoObject, ProviderError> = .failure(ProviderError(.serverError))
        var pages: [Result<VideoPage, ProviderError>] = []
    }

    private struct Ledger: OrderLedger {
        let story: Locked<Story>

        func unresolved(_ key: String) -> Timestamp? { story.withLock { $0.unresolved } }

        func begin(_ key: String, at moment: Timestamp) async throws(OrderLedgerError) {
            let isFull = story.withLock { story in
                story.lines.append("begin")
                return story.isFull
            }
            if isFull { throw OrderLedgerError("the disk is full") }
        }

        func leave(_ key: String) { story.withLock { $0.lines.append("leave") } }
        func settle(_ key: String) async { story.withLock { $0.lines.append("settle") } }
    }

    private struct Provider: VideoProvider {
        let name = "openai"
        let story: Locked<Story>

        func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
            try story.withLock { story in
                story.lines.append("create")
                return story.creation
            }.get()
        }

        func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage {
            try story.withLock { story in
                story.lines.append("list " + (page.after ?? "-"))
                return story.pages.isEmpty
                    ? .success(VideoPage(videos: [], next: nil, raw: .null))
                    : story.pages.removeFirst()
            }.get()
        }

        func retrieve(_ id: String) async throws(ProviderError) -> VideoStatus {
            throw ProviderError(.notFound)
        }

        func delete(_ id: String) async throws(ProviderError) -> JSONValue {
            throw ProviderError(.notFound)
        }

        func remix(
            _ id: String,
            _ creation: VideoCreation
        ) async throws(ProviderError) -> VideoObject {
            throw ProviderError(.notFound)
        }

        func content(
            _ request: ContentRequest
        ) async throws(ProviderError) -> any HTTPClientStream {
            throw ProviderError(.notFound)
        }
    }

    private let story = Locked(Story())
    private let time = ManualTime()
    private let journal = Journal(driver: InMemoryJournalDriver())
    private let order = VideoCreation(
        contentType: "application/json",
        body: Array(#"{"prompt":"A kite","model":"sora-2"}"#.utf8)
    )

    private var lines: [String] { story.withLock { $0.lines } }

    private func desk() -> OrderDesk {
        let logger = Logger(
            sink: InMemoryLogSink(),
            level: .debug,
            time: time,
            component: "test"
        )
        let metrics = Metrics()
        return OrderDesk(
            context: ConsoleContext(
                journal: journal,
                providers: [],
                store: DiskAssetStore(root: "/nowhere", pool: BlockingPool(threadCount: 1)),
                expiryWatch: ExpiryWatch(
                    journal: journal,
                    span: .seconds(60),
                    time: time,
                    logger: logger,
                    metrics: metrics
                ),
                endpointShelf: NoShelf(),
                orders: Ledger(story: story),
                metrics: metrics,
                logger: logger,
                time: time,
                stop: Latch(),
                version: "0"
            )
        )
    }

    private struct NoShelf: EndpointShelf {
        func names(of provider: String) -> [String] { [] }
        func keep(
            _ secret: String,
            id: String,
            for name: String,
            replacing: Bool
        ) async throws(EndpointShelfError) {}
        func forget(id: String) async throws(EndpointShelfError) {}
    }

    private func create(_ creation: VideoCreation? = nil) async -> OrderDesk.Outcome {
        await desk().create(creation ?? order, at: Provider(story: story))
    }

    /// A video of the list; `age` is how long before now it was made.
    private func video(
        _ id: String,
        age: Int64,
        prompt: String = "A kite"
    ) throws -> VideoObject {
        let json: JSONValue = [
            "id": .string(id), "prompt": .string(prompt), "model": "sora-2", "status": "queued",
            "created_at": .integer(time.now().secondsSinceEpoch - age),
        ]
        return try #require(VideoObject(json))
    }

    private func page(_ videos: [VideoObject], next: String? = nil) -> VideoPage {
        VideoPage(videos: videos, next: next, raw: .null)
    }

    @Test func `an order is written down before it is sent, and then settled`() async throws {
        let made = try video("v_1", age: 0)
        story.withLock { $0.creation = .success(made) }
        guard case .made(let video) = await create() else {
            Issue.record("refused")
            return
        }
        #expect(video == made)
        #expect(lines == ["begin", "create", "settle"])
    }

    private static let unknown: Set<ProviderError.Kind> = [
        .timedOut, .interrupted, .serverError, .gatewayError, .notJSON, .unexpectedShape,
        .cancelled, .conflict,
    ]

    @Test(arguments: ProviderError.Kind.allCases)
    func `a fault settles an order only if it is known not to have arrived`(
        _ kind: ProviderError.Kind
    ) async {
        story.withLock { $0.creation = .failure(ProviderError(kind)) }
        guard case .refused = await create() else {
            Issue.record("made")
            return
        }
        let isUnknown = Self.unknown.contains(kind)
        #expect(lines == ["begin", "create", isUnknown ? "leave" : "settle"])
    }

    @Test func `our own full queue is no sending, a server's full one may be`() async {
        story.withLock { $0.creation = .failure(ProviderError(.overloaded, status: 503)) }
        _ = await create()
        #expect(lines.last == "leave")
        story.withLock { $0.creation = .failure(ProviderError(.overloaded)) }
        _ = await create()
        #expect(lines.last == "settle")
    }

    @Test func `an order that cannot be written down is not sent`() async {
        story.withLock { $0.isFull = true }
        guard case .refused(let response) = await create() else {
            Issue.record("made")
            return
        }
        #expect(response.status == .serviceUnavailable)
        #expect(lines == ["begin"])
    }

    @Test func `what nobody can read here goes to the provider as it is`() async throws {
        let made = try video("v_1", age: 0)
        story.withLock { $0.creation = .success(made) }
        let odd = VideoCreation(contentType: "text/plain", body: [1, 2])
        guard case .made = await create(odd) else {
            Issue.record("refused")
            return
        }
        #expect(lines == ["create"])
    }

    @Test func `an order of unknown outcome is found in the list`() async throws {
        let pages = [
            page(
                [try video("v_9", age: 1), try video("v_8", age: 2, prompt: "A boat")],
                next: "v_8"
            ),
            page([try video("v_7", age: 3), try video("v_6", age: 400)]),
        ]
        story.withLock { story in
            story.unresolved = time.now() - .seconds(60)
            story.pages = pages.map { .success($0) }
        }
        guard case .made(let video) = await create() else {
            Issue.record("refused")
            return
        }
        #expect(video.id == "v_7")
        #expect(lines == ["list -", "list v_8", "settle"])
    }

    @Test func `a video that was told to another client is not told again`() async throws {
        let id = try #require(VideoID("v_1"))
        var update = JobUpdate(provider: "openai", id: id, origin: .console, moment: time.now())
        update.state = .open
        _ = try await journal.record(update)
        let (told, made) = (page([try video("v_1", age: 1)]), try video("v_2", age: 0))
        story.withLock { story in
            story.unresolved = time.now() - .seconds(60)
            story.pages = [.success(told)]
            story.creation = .success(made)
        }
        guard case .made(let video) = await create() else {
            Issue.record("refused")
            return
        }
        #expect(video.id == "v_2")
        #expect(lines == ["list -", "begin", "create", "settle"])
    }

    @Test(arguments: [0, 4, 5, 60] as [Int64])
    func `it is sent again once the list would show it`(_ age: Int64) async throws {
        let made = try video("v_2", age: 0)
        story.withLock { story in
            story.unresolved = time.now() - .seconds(age)
            story.creation = .success(made)
        }
        switch await create() {
        case .made: #expect(age >= 5)
        case .refused(let response):
            #expect(age < 5)
            #expect(response.status == .serviceUnavailable)
            #expect(response.fields["Retry-After"] == "5")
            #expect(lines == ["list -"])
        }
    }

    @Test func `what cannot be looked up is not sent again`() async {
        story.withLock { story in
            story.unresolved = time.now() - .seconds(600)
            story.pages = [.failure(ProviderError(.unreachable))]
        }
        guard case .refused = await create() else {
            Issue.record("made")
            return
        }
        #expect(lines == ["list -"])
    }
}
