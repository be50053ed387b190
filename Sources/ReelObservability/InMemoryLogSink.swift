internal import ReelRuntime

/// Keeps records for a test to look at, up to a limit; what comes after is counted.
package final class InMemoryLogSink: LogSink {
    private struct State {
        var records: [LogRecord] = []
        var droppedCount = 0
    }

    private let state = Locked(State())
    private let recordCountMax: Int

    package init(recordCountMax: Int = 10_000) {
        self.recordCountMax = recordCountMax
    }

    package func write(_ record: LogRecord) {
        state.withLock { state in
            guard state.records.count < recordCountMax else {
                state.droppedCount += 1
                return
            }
            state.records.append(record)
        }
    }

    /// What was written, in order.
    package var records: [LogRecord] { state.withLock { $0.records } }

    /// How many records came after the limit.
    package var droppedCount: Int { state.withLock { $0.droppedCount } }

    /// The messages, in order.
    package var messages: [String] { records.map(\.message) }

    /// Everything as JSON lines, which is what a test for secrets searches.
    package var text: String {
        String(decoding: records.flatMap(LogFormat.json.line), as: UTF8.self)
    }
}
