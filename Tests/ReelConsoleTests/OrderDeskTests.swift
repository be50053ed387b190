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
        var unresolved: UnresolvedOrder?
        var isFull = false
        var creation: Result<VideoObject, ProviderError> = .failure(ProviderError(.serverError))
        var pages: [Result<VideoPage, ProviderError>] = []
        var listCount = 1

        mutating func make(_ line: String) throws(ProviderError) -> VideoObject {
            lines.append(line)
            return try creation.get()
        }
    }

    private struct Ledger: OrderLedger {
        let story: Locked<Story>

        func unresolved(_ key: String) -> UnresolvedOrder? { story.withLock { $0.unresolved } }

        func begin(_ key: String, at moment: Timestamp) async throws(OrderLedgerError) {
            let isFull = story.withLock { story in
                story.lines.append("begin")
                return story.isFull
            }
            if isFull { throw OrderLedgerError("the disk is full") }
        }

        func leave(_ key: String, at moment: Timestamp) {
            story.withLock { $0.lines.append("leave") }
        }

        func settle(_ key: String) async { story.withLock { $0.lines.append("settle") } }
    }

    private struct Provider: VideoProvider {
        let name = "openai"
        let story: Locked<Story>

        var listCount: Int { story.withLock { $0.listCount } }

        func create(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
            try story.withLock { story throws(ProviderError) in try story.make("create") }
        }

        func remix(
            _ id: String,
            _ creation: VideoCreation
        ) async throws(ProviderError) -> VideoObject {
            try story.withLock { story throws(ProviderError) in try story.make("remix " + id) }
        }

        func edit(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
            try story.withLock { story throws(ProviderError) in try story.make("edit") }
        }

        func extend(_ creation: VideoCreation) async throws(ProviderError) -> VideoObject {
            try story.withLock { story throws(ProviderError) in try story.make("extend") }
        }

        func list(_ page: VideoPageRequest) async throws(ProviderError) -> VideoPage {
            try story.withLock { story in
                let number = page.listNumber.map { $0 == 0 ? "" : " \($0)" } ?? " of any"
                story.lines.append("list" + number + " " + (page.after ?? "-"))
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

        func content(
            _ request: ContentRequest
        ) async throws(ProviderError) -> any HTTPClientStream {
            throw ProviderError(.notFound)
        }
    }

    private let story = Locked(Story())
    private let time = ManualTime()
    private let journal = Journal(driver: InMemoryJournalDriver())
    private let order = #"{"prompt":"A kite","model":"sora-2"}"#

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
        func standing(of id: String) -> EndpointStanding? { nil }
        func keep(
            _ secret: String,
            id: String,
            for name: String,
            replacing: Bool
        ) async throws(EndpointShelfError) {}
        func forget(id: String) async throws(EndpointShelfError) {}
    }

    private func place(
        _ json: String? = nil,
        _ work: VideoWork = .create
    ) async throws -> OrderDesk.Outcome {
        let body = Array((json ?? order).utf8)
        let creation = VideoCreation(contentType: "application/json", body: body)
        let order = try VideoOrder(creation, for: work)
        return await desk().place(order, at: Provider(story: story))
    }

    /// That an order was sent and has had no answer, both so many seconds ago.
    private func lose(_ sent: Int64, unknownFor unknown: Int64? = nil) {
        let now = time.now()
        story.withLock {
            $0.unresolved = UnresolvedOrder(
                sentAt: now - .seconds(sent),
                unknownSince: now - .seconds(unknown ?? sent)
            )
        }
    }

    private func isUnknown(_ outcome: OrderDesk.Outcome) -> Bool {
        guard case .refused(let response) = outcome else { return false }
        return response.status == .serviceUnavailable && response.fields["Retry-After"] == "5"
    }

    /// A video of the list; `age` is how long before now it was made.
    private func video(
        _ id: String,
        age: Int64,
        prompt: String = "A kite",
        _ more: JSONObject = [:]
    ) throws -> VideoObject {
        var json: JSONObject = [
            "id": .string(id), "prompt": .string(prompt), "model": "sora-2", "status": "queued",
            "created_at": .integer(time.now().secondsSinceEpoch - age),
        ]
        for (name, value) in more.members { json[name] = value }
        return try #require(VideoObject(.object(json)))
    }

    private func page(_ videos: [VideoObject], next: String? = nil) -> VideoPage {
        VideoPage(videos: videos, next: next, raw: .null)
    }

    @Test func `an order is written down before it is sent, and then settled`() async throws {
        let made = try video("v_1", age: 0)
        story.withLock { $0.creation = .success(made) }
        guard case .made(let video) = try await place() else {
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
    ) async throws {
        story.withLock { $0.creation = .failure(ProviderError(kind)) }
        guard case .refused = try await place() else {
            Issue.record("made")
            return
        }
        let isUnknown = Self.unknown.contains(kind)
        #expect(lines == ["begin", "create", isUnknown ? "leave" : "settle"])
    }

    @Test func `our own full queue is no sending, a server's full one may be`() async throws {
        story.withLock { $0.creation = .failure(ProviderError(.overloaded, status: 503)) }
        _ = try await place()
        #expect(lines.last == "leave")
        story.withLock { $0.creation = .failure(ProviderError(.overloaded)) }
        _ = try await place()
        #expect(lines.last == "settle")
    }

    @Test func `an order that cannot be written down is not sent`() async throws {
        story.withLock { $0.isFull = true }
        guard case .refused(let response) = try await place() else {
            Issue.record("made")
            return
        }
        #expect(response.status == .serviceUnavailable)
        #expect(lines == ["begin"])
    }

    @Test func `an order of unknown outcome is found in the list`() async throws {
        let pages = [
            page(
                [try video("v_9", age: 1), try video("v_8", age: 2, prompt: "A boat")],
                next: "v_8"
            ),
            page([try video("v_7", age: 3), try video("v_6", age: 400)]),
        ]
        lose(60)
        story.withLock { $0.pages = pages.map { .success($0) } }
        guard case .made(let video) = try await place() else {
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
        lose(60)
        story.withLock { story in
            story.pages = [.success(told)]
            story.creation = .success(made)
        }
        guard case .made(let video) = try await place() else {
            Issue.record("refused")
            return
        }
        #expect(video.id == "v_2")
        #expect(lines == ["list -", "begin", "create", "settle"])
    }

    @Test(arguments: [0, 4, 5, 60] as [Int64])
    func `it is sent again once the list would show it`(_ age: Int64) async throws {
        let made = try video("v_2", age: 0)
        lose(600, unknownFor: age)
        story.withLock { $0.creation = .success(made) }
        switch try await place() {
        case .made: #expect(age >= 5)
        case .refused(let response):
            #expect(age < 5)
            #expect(response.status == .serviceUnavailable)
            #expect(response.fields["Retry-After"] == "5")
            #expect(lines == ["list -"])
        }
    }

    @Test func `what cannot be looked up is not sent again`() async throws {
        lose(600)
        story.withLock { $0.pages = [.failure(ProviderError(.unreachable))] }
        guard case .refused = try await place() else {
            Issue.record("made")
            return
        }
        #expect(lines == ["list -"])
    }

    // MARK: - Lists that are not as one would like them

    @Test func `a list of oldest first is read to its end`() async throws {
        let pages = [
            page([try video("v_1", age: 9000), try video("v_2", age: 8000)], next: "v_2"),
            page([try video("v_3", age: 7000), try video("v_4", age: 6000)], next: "v_4"),
            page([try video("v_5", age: 40)]),
        ]
        lose(60)
        story.withLock { $0.pages = pages.map { .success($0) } }
        guard case .made(let video) = try await place() else {
            Issue.record("refused")
            return
        }
        #expect(video.id == "v_5")
        #expect(lines == ["list -", "list v_2", "list v_4", "settle"])
    }

    @Test func `videos of one moment do not say which way a list goes`() async throws {
        let pages = [
            page([try video("v_1", age: 9000), try video("v_2", age: 9000)], next: "v_2"),
            page([try video("v_3", age: 40)]),
        ]
        lose(60)
        story.withLock { $0.pages = pages.map { .success($0) } }
        guard case .made(let video) = try await place() else {
            Issue.record("refused")
            return
        }
        #expect(video.id == "v_3")
    }

    @Test func `a list that is longer than is read leaves the outcome unknown`() async throws {
        let pages = try (0...OrderSearch.pageCountMax).map { number in
            page([try video("v_\(number)", age: 9000 - Int64(number))], next: "v_\(number)")
        }
        lose(60)
        story.withLock { $0.pages = pages.map { .success($0) } }
        #expect(isUnknown(try await place()))
        #expect(lines.count == OrderSearch.pageCountMax)
        #expect(!lines.contains("create"))
    }

    @Test func `a list that does not go on where it is asked to leaves it unknown`() async throws {
        let same = page([try video("v_1", age: 9000), try video("v_2", age: 8000)], next: "v_2")
        lose(60)
        story.withLock { $0.pages = [.success(same), .success(same)] }
        #expect(isUnknown(try await place()))
        #expect(lines == ["list -", "list v_2"])
    }

    @Test func `the list of every key is looked through`() async throws {
        let pages = [page([try video("v_1", age: 400)]), page([try video("v_2", age: 40)])]
        lose(60)
        story.withLock { story in
            story.listCount = 2
            story.pages = pages.map { .success($0) }
        }
        guard case .made(let video) = try await place() else {
            Issue.record("refused")
            return
        }
        #expect(video.id == "v_2")
        #expect(lines == ["list -", "list 1 -", "settle"])
    }

    @Test(arguments: [false, true])
    func `a list that cannot be read hides no video of another`(_ isListed: Bool) async throws {
        let second = page(isListed ? [try video("v_2", age: 40)] : [])
        lose(60)
        story.withLock { story in
            story.listCount = 2
            story.pages = [.failure(ProviderError(.unauthorized)), .success(second)]
        }
        switch try await place() {
        case .made(let video): #expect(isListed && video.id == "v_2")
        case .refused: #expect(!isListed)
        }
        #expect(!lines.contains("create"))
    }

    @Test func `a journal that cannot say who was told leaves it unknown`() async throws {
        let listed = page([try video("v_1", age: 40)])
        lose(60)
        story.withLock { $0.pages = [.success(listed)] }
        await journal.driver.close()
        #expect(isUnknown(try await place()))
        #expect(lines == ["list -"])
    }

    // MARK: - Videos made of others

    static let works: [(VideoWork, String, String)] = [
        (.create, #"{"prompt":"A kite"}"#, "create"),
        (.remix(of: "v_0"), #"{"prompt":"A kite"}"#, "remix v_0"),
        (.edit, #"{"prompt":"A kite","video":{"id":"v_0"}}"#, "edit"),
        (.extend, #"{"prompt":"A kite","seconds":"8","video":{"id":"v_0"}}"#, "extend"),
    ]

    @Test(arguments: works)
    func `every work is written down, and left where its answer was lost`(
        _ work: VideoWork,
        _ json: String,
        _ line: String
    ) async throws {
        guard case .refused = try await place(json, work) else {
            Issue.record("made")
            return
        }
        #expect(lines == ["begin", line, "leave"])
    }

    @Test(arguments: works)
    func `every work of unknown outcome is found in the list`(
        _ work: VideoWork,
        _ json: String,
        _ line: String
    ) async throws {
        let source: JSONValue = work == .create ? .null : "v_0"
        let listed = page([
            try video("v_3", age: 1, prompt: "A boat"),
            try video("v_2", age: 2, ["remixed_from_video_id": "v_9"]),
            try video("v_1", age: 3, ["remixed_from_video_id": source, "seconds": "12"]),
        ])
        lose(60)
        story.withLock { $0.pages = [.success(listed)] }
        guard case .made(let video) = try await place(json, work) else {
            Issue.record("refused")
            return
        }
        #expect(video.id == "v_1")
        #expect(lines == ["list -", "settle"])
    }
}
