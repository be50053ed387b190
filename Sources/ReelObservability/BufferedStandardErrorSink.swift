internal import Glibc
internal import ReelRuntime
internal import Synchronization

/// Writes the log to standard error from a thread of its own, so that whoever logs never waits.
///
/// At most `capacity` records wait for it; a record that finds no room is dropped and counted, and
/// the next line that is written says how many went missing. A reader that stops reading holds up
/// this thread alone.
package final class BufferedStandardErrorSink: LogSink {
    private let queue: BlockingQueue<LogRecord>
    private let progress: Progress
    private let thread: Locked<NamedThread?>

    /// Starts the thread; `close` ends it.
    ///
    /// - Parameters:
    ///   - format: How a record becomes a line.
    ///   - capacity: How many records may wait.
    ///   - descriptor: What to write to, which stays the caller's; standard error by default.
    ///   - closingTimeMax: How long `close` waits for a reader that has stopped reading.
    package init(
        format: LogFormat,
        capacity: Int = 8192,
        descriptor: Int32 = STDERR_FILENO,
        closingTimeMax: Duration = .seconds(1)
    ) {
        let queue = BlockingQueue<LogRecord>(capacity: capacity)
        let progress = Progress()
        self.queue = queue
        self.progress = progress
        thread = Locked(
            NamedThread("reel-log") {
                DescriptorWriter.blockBrokenPipeSignal()
                let writer = DescriptorWriter(descriptor, closingTimeMax: closingTimeMax)
                Self.drain(queue, format: format, into: writer, progress)
            }
        )
    }

    package func write(_ record: LogRecord) {
        switch queue.put(record) {
        case .queued: break
        case .full, .closed: progress.recordDrop()
        }
    }

    /// How many records were dropped, all in all.
    package var droppedCount: Int { progress.droppedCount }

    /// Writes what waits and ends the thread; what comes later is dropped.
    ///
    /// Blocks the calling thread, for `closingTimeMax` at most when nobody reads what is written.
    /// Legal twice.
    package func close() {
        progress.isClosing.store(true, ordering: .releasing)
        queue.close()
        let ending = thread.withLock { thread in
            let ending = thread
            thread = nil
            return ending
        }
        ending?.join()
    }

    /// What the writing thread and everybody else tell each other.
    private final class Progress: Sendable {
        private let drops = Atomic<Int>(0)
        let isClosing = Atomic<Bool>(false)

        var droppedCount: Int { drops.load(ordering: .relaxed) }

        func recordDrop(_ count: Int = 1) { drops.add(count, ordering: .relaxed) }
    }

    private static func drain(
        _ queue: BlockingQueue<LogRecord>,
        format: LogFormat,
        into writer: DescriptorWriter,
        _ progress: Progress
    ) {
        var writer = writer
        var reportedCount = 0
        var moment: Timestamp?
        while true {
            let records = queue.take(atMost: 256)
            moment = records.first?.moment ?? moment
            let missingCount = progress.droppedCount - reportedCount
            var lines: [UInt8] = []
            if missingCount > 0, let moment {
                lines += format.line(missingRecord(missingCount, moment))
                reportedCount += missingCount
            }
            for record in records { lines += format.line(record) }
            let isWritten = writer.write(lines) {
                progress.isClosing.load(ordering: .acquiring)
            }
            if !isWritten { progress.recordDrop(records.count) }
            guard !records.isEmpty else { return }
        }
    }

    private static func missingRecord(_ count: Int, _ moment: Timestamp) -> LogRecord {
        LogRecord(
            moment: moment,
            level: .warning,
            component: "log",
            message: "lines were dropped",
            fields: [("log.dropped", .integer(count))]
        )
    }
}
