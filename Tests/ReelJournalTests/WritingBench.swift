import ReelJournal
import ReelObservability
import ReelRuntime
import TestSupport

@testable import ReelJournalSQLite

/// A write of one event, and whether it went well; nil until it was told.
final class WatchedWrite: TableWork {
    private let draft: EntryDraft
    private let outcome = Locked<Bool?>(nil)

    init(_ draft: EntryDraft) { self.draft = draft }

    var isDone: Bool? { outcome.withLock { $0 } }
    func perform(_ tables: JournalTables) throws(SQLiteFault) { _ = try tables.append(draft) }
    func succeed() { outcome.withLock { $0 = true } }
    func fail(_ error: JournalError) { outcome.withLock { $0 = false } }
}

/// What a writer's thread does, without the thread, on a journal that is there.
///
/// The thread that synchronizes is a place, too, where nothing happens until the test says so.
struct WritingBench {
    let bench: SQLiteBench
    let configuration: SQLiteJournalConfiguration
    let time: ManualTime
    let place = HeldPlace()
    let log = ScriptedLog()
    /// What the synchronizer has told and the writer has not been told yet.
    let reports = Locked<[JournalError?]>([])

    init(
        _ bench: SQLiteBench,
        _ configuration: SQLiteJournalConfiguration = SQLiteJournalConfiguration(),
        _ time: ManualTime = ManualTime()
    ) {
        self.bench = bench
        self.configuration = configuration
        self.time = time
    }

    var metrics: JournalMetrics { JournalMetrics(bench.metrics) }

    var logger: Logger {
        Logger(sink: bench.sink, level: .debug, time: time, component: "test")
    }

    /// What the thread owns, on a connection of its own unless it is given one.
    func writing(
        _ connection: Connection? = nil,
        findReaders: @escaping @Sendable () -> [String] = { [] },
        reserve: DiskReserve? = nil,
        checkpoint: @escaping JournalWriting.Checkpoint = {
            (connection, isWaiting) throws(SQLiteFault) in
            try connection.checkpoint(waiting: isWaiting)
        }
    ) throws -> JournalWriting {
        let path = bench.path
        let ending = WorkEnding(metrics: metrics, logger: logger, time: time)
        let synchronizer = LogSynchronizer(on: place, ending: ending) { [reports] error in
            reports.withLock { $0.append(error) }
        }
        return JournalWriting(
            try connection ?? Connection(path: path, role: .writer),
            configuration: configuration,
            synchronizer: synchronizer,
            ending: ending,
            openLog: { [log] in log },
            open: { () throws(JournalError) in
                do throws(SQLiteFault) {
                    return try Connection(path: path, role: .writer)
                } catch {
                    throw error.journalError
                }
            },
            findReaders: findReaders,
            reserve: reserve,
            checkpoint: checkpoint
        )
    }

    /// Has the other thread do what it was given, and hands over what it tells.
    func synchronize() -> [WriterOrder] {
        place.turn()
        return reports.withLock { reports in
            defer { reports = [] }
            return reports.map { .synchronized($0) }
        }
    }
}

/// A log of which a test says what an fsync of it answers.
final class ScriptedLog: OpenJournalFile {
    private let state = Locked<(error: JournalError?, count: Int)>((nil, 0))

    /// How often it was synchronized.
    var count: Int { state.withLock { $0.count } }

    func fail(with error: JournalError?) { state.withLock { $0.error = error } }
    func read(at _: Int, count _: Int) throws(JournalError) -> [UInt8] { [] }
    func write(_: [UInt8], at _: Int) throws(JournalError) {}

    func synchronize() throws(JournalError) {
        let error = state.withLock { state in
            state.count += 1
            return state.error
        }
        if let error { throw error }
    }
}

/// A place without threads: what is queued is done when a test says so.
final class HeldPlace: WorkPlace {
    private let turns = Locked<[@Sendable () -> Void]>([])

    /// Has every queue served of what is in it.
    func turn() { for turn in turns.withLock({ $0 }) { turn() } }

    func serve<Element: Sendable>(
        _ queue: BlockingQueue<Element>,
        as name: String,
        batchCountMax: Int,
        makeBody: @escaping @Sendable () -> ([Element]) -> Void
    ) -> any QueueWorker {
        turns.withLock { turns in
            turns.append {
                let body = makeBody()
                while queue.count > 0 { body(queue.take(atMost: batchCountMax)) }
            }
        }
        return Ended()
    }

    private struct Ended: QueueWorker {
        func ended() async {}
        func join() {}
    }
}
