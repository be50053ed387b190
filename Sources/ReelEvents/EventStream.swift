package import ReelJournal
package import ReelRuntime

/// The internal events after a cursor, in order, without end: what the chains and everybody else
/// follow.
///
/// Entries of the journal that are no events (a body that is not JSON) are left out. A consumer
/// that was away goes on from the `sequence` of the last event it took. It ends when the consumer's
/// task is cancelled or the service stops.
public struct EventStream: AsyncSequence, Sendable {
    public typealias Element = Event
    public typealias Failure = Never

    private let entries: EntryStream

    /// Follows the journal from after a cursor; 0 is the beginning.
    package init(
        _ journal: Journal,
        after cursor: Int64,
        matching query: EntryQuery = EntryQuery(),
        configuration: EntryStreamConfiguration = EntryStreamConfiguration(),
        time: any TimeSource
    ) {
        entries = EntryStream(
            journal,
            after: cursor,
            matching: query,
            configuration: configuration,
            time: time
        )
    }

    /// The same events for one more consumer, from the same cursor.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(entries: entries.makeAsyncIterator())
    }

    /// One consumer's place in the stream.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var entries: EntryStream.AsyncIterator

        fileprivate init(entries: EntryStream.AsyncIterator) {
            self.entries = entries
        }

        /// The next event, as soon as there is one; nil at the end.
        public mutating func next() async -> Event? {
            await next(isolation: nil)
        }

        /// The next event, as soon as there is one; nil at the end.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Event? {
            while let entry = await entries.next(isolation: actor) {
                if let event = Event(entry) { return event }
            }
            return nil
        }
    }
}
