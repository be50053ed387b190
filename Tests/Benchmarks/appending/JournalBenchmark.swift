internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelObservability
internal import ReelRuntime
internal import ReelWebhooks

/// Fills a journal to a number of entries and says on the way what an append costs.
///
/// `appending fill PATH ENTRIES [AT,AT…]` appends deliveries until the journal has so many, each
/// durable before it is answered, 64 at a time as 64 connections would, and prints a line for
/// every 32,768 entries that begin at one of the places. `appending beside PATH EMPTY` appends to
/// that journal and to one that is made at EMPTY, in turn, so that whatever the machine does
/// meanwhile is done to both. `appending look PATH` opens it, says how long that took, and times a
/// list by each filter.
@main
struct JournalBenchmark {
    private static let waiterCount = 64
    private static let sampleCount: Int64 = 32_768
    private static let comparisonSize: Int64 = 8_192
    private static let comparisonCount = 160

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { return print("usage: appending fill|beside|look PATH …") }
        switch arguments[1] {
        case "fill" where arguments.count >= 4:
            let places = arguments.dropFirst(4).first?.split(separator: ",") ?? ["0"]
            try await fill(
                arguments[2],
                to: Int64(arguments[3]) ?? 0,
                samplingAt: places.compactMap { Int64($0) }
            )
        case "beside" where arguments.count == 4:
            try await compare(arguments[2], withEmptyAt: arguments[3])
        case "look": try await look(arguments[2])
        default: print("usage: appending fill|beside|look PATH …")
        }
    }

    private static func open(_ path: String, _ metrics: Metrics) throws -> SQLiteJournalDriver {
        try SQLiteJournalDriver.open(
            path: path,
            logger: Logger(
                sink: InMemoryLogSink(),
                level: .error,
                time: SystemTimeSource(),
                component: "benchmark"
            ),
            metrics: metrics
        )
    }

    // MARK: Filling

    private static func fill(
        _ path: String,
        to count: Int64,
        samplingAt places: [Int64]
    ) async throws {
        let metrics = Metrics()
        let driver = try open(path, metrics)
        let commits = metrics.counter("reelhook_journal_commits_total", help: "")
        let maker = try DeliveryMaker()
        var last = try await driver.lastSequence()
        for place in places.sorted() + [count] {
            while last < place {
                let next = min(place, last + sampleCount)
                try await append(last..<next, to: driver, maker)
                last = next
            }
            guard place < count || place == 0 || places.contains(place) else { break }
            let before = Usage.now(commits)
            try await append(last..<(last + sampleCount), to: driver, maker)
            last += sampleCount
            Usage.now(commits).report(since: before, at: place, sampleCount)
        }
        await driver.close()
    }

    private static func append(
        _ sequences: Range<Int64>,
        to driver: SQLiteJournalDriver,
        _ maker: DeliveryMaker
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for waiter in 0..<Int64(waiterCount) {
                group.addTask {
                    for sequence in sequences where sequence % Int64(waiterCount) == waiter {
                        _ = try await driver.append(maker.draft(sequence))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    // MARK: Comparing

    private static func compare(_ long: String, withEmptyAt empty: String) async throws {
        let maker = try DeliveryMaker()
        var pairs: [(long: Double, empty: Double)] = []  // seconds
        let longDriver = try open(long, Metrics())
        let emptyDriver = try open(empty, Metrics())
        for round in 0...comparisonCount {
            var spans = (long: 0.0, empty: 0.0)
            // Each goes first in every second round.
            for isLong in round.isMultiple(of: 2) ? [true, false] : [false, true] {
                let driver = isLong ? longDriver : emptyDriver
                let last = try await driver.lastSequence()
                let start = ContinuousClock.now
                try await append(last..<(last + comparisonSize), to: driver, maker)
                let span = (ContinuousClock.now - start).seconds
                if isLong { spans.long = span } else { spans.empty = span }
            }
            // The first round fills the caches.
            if round > 0 { pairs.append(spans) }
        }
        await longDriver.close()
        await emptyDriver.close()
        let count = Double(pairs.count) * Double(comparisonSize)
        let long = count / pairs.reduce(0) { $0 + $1.long }
        let empty = count / pairs.reduce(0) { $0 + $1.empty }
        print(
            "in turn, \(pairs.count) times \(comparisonSize) each: long \(Int(long)) appends/s, "
                + "empty \(Int(empty)), ratio \(hundredths(long / empty)), "
                + "median of the ratios \(hundredths(median(pairs.map { $0.empty / $0.long })))"
        )
    }

    private static func median(_ numbers: [Double]) -> Double {
        numbers.sorted()[numbers.count / 2]
    }

    private static func hundredths(_ number: Double) -> Double { (number * 100).rounded() / 100 }

    // MARK: Looking

    private static func look(_ path: String) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let driver = try open(path, Metrics())
        try await driver.probe()
        // The first append reads what is kept in memory.
        let maker = try DeliveryMaker()
        let last = try await driver.lastSequence()
        let again = try await driver.append(maker.draft(0))
        print("open to first answer: \(milliseconds(clock.now - start)) ms (\(again))")
        print("entries: \(last), memory: \(Usage.peakKilobytes) KiB")
        for (name, query) in queries(maker, last) {
            var spans: [Duration] = []
            var count = 0
            for _ in 0..<5 {
                let start = clock.now
                count = try await driver.entries(query).count
                spans.append(clock.now - start)
            }
            let worst = spans.max() ?? .zero
            print("list by \(name): \(count) rows, worst of 5 \(milliseconds(worst)) ms")
        }
        await driver.close()
    }

    private static func queries(
        _ maker: DeliveryMaker,
        _ last: Int64
    ) -> [(String, EntryQuery)] {
        func query(_ change: (inout EntryQuery) -> Void) -> EntryQuery {
            var query = EntryQuery()
            change(&query)
            return query
        }
        let middle = maker.receivedAt(last / 2)
        let later = maker.receivedAt(last / 2 + 1_000)
        return [
            ("nothing", query { _ in }),
            ("type", query { $0.types = ["response.completed"] }),
            ("a type that is rare", query { $0.types = ["batch.failed"] }),
            ("state", query { $0.states = [.unhandled] }),
            ("a state that is rare", query { $0.states = [.dead] }),
            (
                "type and state",
                query {
                    $0.types = ["batch.completed"]; $0.states = [.unhandled]
                }
            ),
            ("origin", query { $0.origin = .webhook }),
            ("an origin that is rare", query { $0.origin = .poll }),
            (
                "origin and state",
                query {
                    $0.origin = .poll; $0.states = [.dead]
                }
            ),
            ("webhook id", query { $0.webhookID = maker.webhookID(last / 2) }),
            ("a webhook id that is not there", query { $0.webhookID = "wh_none" }),
            ("event id", query { $0.eventID = maker.eventID(last / 3) }),
            (
                "time",
                query {
                    $0.receivedFrom = middle; $0.receivedTo = later
                }
            ),
            (
                "time and type",
                query {
                    $0.receivedFrom = middle
                    $0.receivedTo = later
                    $0.types = ["batch.failed"]
                }
            ),
            (
                "cursor",
                query {
                    $0.after = last - 100; $0.order = .oldestFirst
                }
            ),
            ("what is not planned", query { $0.isUnplanned = true }),
        ]
    }

    private static func milliseconds(_ span: Duration) -> String {
        let microseconds =
            span.components.seconds * 1_000_000
            + span.components.attoseconds / 1_000_000_000_000
        return "\(Double(microseconds) / 1_000)"
    }
}

extension Duration {
    fileprivate var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
