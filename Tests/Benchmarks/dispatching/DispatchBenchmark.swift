import Glibc
import ReelEvents
import ReelJournal
import ReelJournalSQLite
import ReelObservability
import ReelRuntime

/// How many steps a second a dispatcher brings to a durable end, on a journal in a directory.
///
///     DispatchBenchmark DIRECTORY [EVENTS] [STEPS] [CONCURRENCY]
///
/// It appends the events first and measures from the dispatcher's start to the last event's end:
/// claiming, calling a handler that does nothing, and a commit with an fsync for each
/// batch of completions. One line of JSON with the figures.
@main
struct DispatchBenchmark {
    static func main() async throws {
        let words = CommandLine.arguments
        let directory = words.count > 1 ? words[1] : "."
        func number(_ place: Int, _ standard: Int) -> Int {
            words.count > place ? Int(words[place]) ?? standard : standard
        }
        let load = Load(
            eventCount: number(2, 50_000),
            stepCount: number(3, 1),
            concurrency: number(4, 256)
        )
        print(try await load.measure(on: directory + "/reelhook.db"))
    }
}

/// The handler of a job queue's benchmark.
private struct NoOperation: Handler {
    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome { .done() }
}

private struct NoLog: LogSink {
    func write(_ record: LogRecord) {}
}

/// What is dispatched, and the measuring of it.
private struct Load: Sendable {
    let eventCount: Int
    let stepCount: Int
    let concurrency: Int

    func measure(on path: String) async throws -> String {
        let time = SystemTimeSource()
        let metrics = Metrics()
        let logger = Logger(sink: NoLog(), level: .warning, time: time, component: "benchmark")
        let driver = try SQLiteJournalDriver.open(path: path, logger: logger, metrics: metrics)
        let journal = Journal(driver: driver)
        let chain = Chain(
            "bench",
            on: [.videoCompleted],
            steps: (1...stepCount).map { Step("step\($0)", NoOperation()) }
        )
        let dispatcher = Dispatcher(
            journal: journal,
            chains: [chain],
            configuration: DispatcherConfiguration(concurrency: concurrency),
            time: time,
            random: SystemRandomSource(),
            logger: logger,
            metrics: metrics
        )
        journal.planAppends(by: dispatcher.planner)
        try await append(to: journal, time)
        let before = Usage()
        let commits = metrics.counter("reelhook_journal_commits_total", help: "")
        let commitCountBefore = commits.value
        let after = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await dispatcher.run() }
            // Counted where verdicts are recorded: asking the journal would be part of the load.
            let expected = Int64(eventCount * stepCount)
            let labels: KeyValuePairs = ["outcome": "done", "reason": ""]
            let done = metrics.counter("reelhook_steps_total", help: "", labels: labels)
            while done.value < expected {
                try await time.sleep(for: .milliseconds(10))
            }
            let after = Usage()
            group.cancelAll()
            try await group.waitForAll()
            return after
        }
        await driver.close()
        return report(before, after, Int(commits.value - commitCountBefore))
    }

    private func append(to journal: Journal, _ time: SystemTimeSource) async throws {
        let now = time.now()
        for start in stride(from: 0, to: eventCount, by: 512) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in start..<min(start + 512, eventCount) {
                    group.addTask {
                        guard let id = VideoID("video_\(index)") else { return }
                        let fact = Fact(provider: "openai", videoID: id, terminal: .completed)
                        let observation = Observation(fact: fact, occurredAt: now, observedAt: now)
                        _ = try await journal.append(EntryDraft(observation: observation))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func report(_ before: Usage, _ after: Usage, _ commits: Int) -> String {
        let steps = Double(eventCount * stepCount)
        let seconds = after.seconds - before.seconds
        let processor = after.processorSeconds - before.processorSeconds
        let writer = after.writerSeconds - before.writerSeconds
        func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
        return "{\"events\":\(eventCount),\"steps\":\(stepCount),\"concurrency\":\(concurrency),"
            + "\"steps_per_second\":\(Int(steps / seconds)),"
            + "\"cpu_us_per_step\":\(rounded(processor / steps * 1e6)),"
            + "\"writer_us_per_step\":\(rounded(writer / steps * 1e6)),"
            + "\"steps_per_fsync\":\(rounded(steps / Double(max(commits, 1)))),"
            + "\"events_per_fsync\":\(rounded(Double(eventCount) / Double(max(commits, 1)))),"
            + "\"bytes_written_per_event\":"
            + "\((after.writtenByteCount - before.writtenByteCount) / eventCount)}"
    }
}

/// What the process has used so far.
private struct Usage: Sendable {
    var seconds: Double = 0
    var processorSeconds: Double = 0
    var writerSeconds: Double = 0
    var writtenByteCount = 0

    init() {
        var clock = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &clock)
        seconds = Double(clock.tv_sec) + Double(clock.tv_nsec) / 1e9
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock)
        processorSeconds = Double(clock.tv_sec) + Double(clock.tv_nsec) / 1e9
        writtenByteCount = Self.written()
        writerSeconds = Self.writer()
    }

    private static func written() -> Int {
        for line in text(of: "/proc/self/io").split(separator: "\n")
        where line.hasPrefix("write_bytes:") {
            return line.split(separator: " ").last.flatMap { Int($0) } ?? 0
        }
        return 0
    }

    /// The processor time of the journal's writing thread, in steps of a hundredth of a second.
    private static func writer() -> Double {
        guard let directory = unsafe opendir("/proc/self/task") else { return 0 }
        defer { unsafe closedir(directory) }
        while let item = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &item.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let stat = text(of: "/proc/self/task/\(name)/stat")
            guard stat.contains("(journal-writer"), let end = stat.lastIndex(of: ")") else {
                continue
            }
            let fields = stat[end...].split(separator: " ")
            guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13])
            else { continue }
            return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        return 0
    }

    private static func text(of path: String) -> String {
        let file = unsafe open(path, O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = unsafe read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
