package import ReelJournal
package import ReelRuntime

/// The journal's entries after a cursor, in order, without end.
///
/// The pages come from the journal, and wake-ups only say when to look again: one that is dropped
/// costs at most the safety interval. It ends when the consumer's task is cancelled or the journal
/// is closed; a journal that cannot be read just now is asked again. Each iterator goes its own way
/// from the stream's cursor.
package struct EntryStream: AsyncSequence, Sendable {
    package typealias Element = JournalEntry
    package typealias Failure = Never

    private let journal: Journal
    private let query: EntryQuery
    private let configuration: EntryStreamConfiguration
    private let time: any TimeSource

    /// Follows the journal from after a cursor.
    ///
    /// The query's conditions hold; its cursor, order and limit do not.
    package init(
        _ journal: Journal,
        after cursor: Int64,
        matching query: EntryQuery = EntryQuery(),
        configuration: EntryStreamConfiguration = EntryStreamConfiguration(),
        time: any TimeSource
    ) {
        var query = query
        query.after = cursor
        query.before = nil
        query.order = .oldestFirst
        query.limit = configuration.pageSize
        self.journal = journal
        self.query = query
        self.configuration = configuration
        self.time = time
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(journal: journal, query: query, configuration: configuration, time: time)
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        private let journal: Journal
        private var query: EntryQuery
        private let configuration: EntryStreamConfiguration
        private let time: any TimeSource
        /// What was read and is not handed out yet, last entry first.
        private var page: [JournalEntry] = []

        fileprivate init(
            journal: Journal,
            query: EntryQuery,
            configuration: EntryStreamConfiguration,
            time: any TimeSource
        ) {
            self.journal = journal
            self.query = query
            self.configuration = configuration
            self.time = time
        }

        /// The next entry, as soon as there is one; nil at the end.
        package mutating func next() async -> JournalEntry? {
            await next(isolation: nil)
        }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async -> JournalEntry? {
            while page.isEmpty, !Task.isCancelled {
                // Subscribed before the look, so that nothing falls between the two.
                let wakeUps = journal.wakeUps()
                let wait: Duration
                do {
                    page = try await journal.driver.entries(query).reversed()
                    wait = configuration.safetyInterval
                } catch {
                    guard error != .closed else { return nil }
                    wait = configuration.errorInterval
                }
                if page.isEmpty { await firstOf(wakeUps, wait) }
            }
            guard !Task.isCancelled, let entry = page.popLast() else { return nil }
            query.after = entry.sequence
            return entry
        }

        private func firstOf(_ wakeUps: AsyncStream<Void>, _ span: Duration) async {
            await withTaskGroup(of: Void.self) { [time] group in
                group.addTask { for await _ in wakeUps { break } }
                group.addTask { try? await time.sleep(for: span) }
                await group.next()
                group.cancelAll()
            }
        }
    }
}
