/// The limits of a journal on SQLite.
package struct SQLiteJournalConfiguration: Sendable, Hashable {
    /// How many writes may wait for the writer; one more is refused as overloaded.
    package var queuedWriteCountMax = 65_536
    /// How many writes share one commit at most.
    package var batchCountMax = 1_024
    /// How many writes a commit has, at least, that is waited for on a thread of its own while the
    /// next are performed; for less, a change of threads would only take its time.
    package var handoverCount = 4
    /// How many threads read, each on a connection of its own; at least 1.
    package var readerCount = 2
    /// How many reads may wait for one reader; one more is refused as overloaded.
    package var queuedReadCountMax = 4_096
    /// The length of the write-ahead log at which it is copied into the database.
    package var checkpointByteCount = 16 << 20
    /// The length of the write-ahead log at which the writer waits for readers to let go of it, and
    /// warns when they do not.
    package var walByteCountMax = 256 << 20
    /// The length of the write-ahead log beyond which nothing new is taken in: a reader that never
    /// lets go would fill the disk with it.
    package var heldLogByteCountMax = 4 << 30
    /// What the log may grow by while a command that looks on beside the service reads.
    package var onlookerLogByteCountMax = 2 << 30
    /// How long one read of the service may take.
    package var readSpanMax: Duration = .seconds(30)
    /// How long it waits, and the time from one such wait to the next.
    package var readerWait: Duration = .milliseconds(100)
    package var readerWaitInterval: Duration = .seconds(5)
    /// After a copy that failed, until the next is tried.
    package var checkpointRetryWait: Duration = .seconds(1)
    /// The largest database; a write that needs more is refused as on a full disk.
    package var byteCountMax: Int64 = 1 << 40
    /// Space that is kept on the disk for the time when it is full; 0 keeps none.
    package var reserveByteCount: Int64 = 0
    /// What stays in the database of space that nothing uses, besides a sixteenth of it.
    package var spareByteCount = 4 << 20
    /// A journal of an earlier version up to this length is made anew when it is opened, so that it
    /// can give space back; a longer one only uses it again.
    package var renewalByteCountMax: Int64 = 64 << 20
    /// The memory for pages of each connection.
    package var cacheByteCount = 8 << 20
    /// The memory for filters over the `webhook-id`s of older entries, ten bits for each.
    ///
    /// Beyond it, the oldest entries are looked for on disk with every append.
    package var keyFilterByteCountMax = 16 << 20
    /// How many entries share the smallest run of keys, as a power of two; it holds for a journal
    /// that is made, and is kept in it.
    package var keyBlockShift = 13
    /// How long a statement waits for another process that reads the file.
    package var lockWait: Duration = .seconds(5)

    package init() {}

    /// What ends a read of somebody who looks on.
    func onlookerLimit(_ path: String) -> ReadBound.Limit {
        .growth(path: path + "-wal", byteCount: onlookerLogByteCountMax)
    }
}
