import ReelJournal
import ReelJournalSQLite
import ReelObservability
import ReelRuntime
import TestSupport

/// A directory with a journal in it, and the words to open it by.
struct SQLiteBench: Sendable {
    let directory: TemporaryDirectory
    let metrics = Metrics()
    let sink = InMemoryLogSink()

    init() throws {
        directory = try TemporaryDirectory()
    }

    var path: String { directory.file("reelhook.db") }

    func open(
        _ configuration: SQLiteJournalConfiguration = SQLiteJournalConfiguration(),
        at path: String? = nil,
        on ground: SQLiteGround = SQLiteGround()
    ) throws -> SQLiteJournalDriver {
        let time = ManualTime()
        return try SQLiteJournalDriver.open(
            path: path ?? self.path,
            configuration: configuration,
            logger: Logger(sink: sink, level: .debug, time: time, component: "test"),
            metrics: metrics,
            time: time,
            ground: ground
        )
    }

    func observation(_ video: String) throws -> EntryDraft {
        guard let videoID = VideoID(video) else { throw JournalError.corrupt }
        let moment = Timestamp(secondsSinceEpoch: 1_795_251_600)
        return EntryDraft(
            observation: Observation(
                fact: Fact(provider: "openai", videoID: videoID, terminal: .completed),
                occurredAt: moment,
                observedAt: moment
            )
        )
    }
}
