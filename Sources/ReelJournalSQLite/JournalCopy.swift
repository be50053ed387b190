internal import CReelSQLite
package import ReelJournal

/// A copy of a journal in one file, which can be opened as a journal.
package struct JournalCopy: Sendable, Hashable {
    /// The schema that it was written with.
    package let schema: Int
    /// The highest sequence that had been given out.
    package let lastSequence: Int64

    private static let stepPageCount: Int32 = 1_024

    /// Copies a journal as it is at one moment, beside a service that writes it or without one.
    ///
    /// It only reads the journal, through one transaction. The service's write-ahead log grows
    /// until that ends, and it is given up when the log has grown by what an onlooker may have it
    /// grow. It blocks for as long as copying the file and reading the copy back takes.
    ///
    /// - Parameters:
    ///   - path: The journal.
    ///   - target: An empty file that is there; it is durable when this returns.
    ///   - configuration: Says how long the log may grow.
    ///   - progress: Is told the share that is copied, from 0 to 1.
    /// - Returns: What the copy is.
    /// - Throws: `.readTooLong`, `.newerSchema`, `.corrupt` also when the copy is damaged, and what
    ///   a disk gives.
    package static func make(
        of path: String,
        at target: String,
        configuration: SQLiteJournalConfiguration = SQLiteJournalConfiguration(),
        progress: (Double) -> Void = { _ in }
    ) throws(JournalError) -> JournalCopy {
        let source = try attempt { () throws(SQLiteFault) in
            let source = try Connection(path: path, role: .onlooker)
            try source.limit(configuration)
            let bound = ReadBound(
                configuration.onlookerLimit(SystemJournalFiles().resolved(path))
            )
            bound.begin()
            source.bind(to: bound)
            try source.execute("BEGIN")
            return source
        }
        let copy = try describe(source)
        try attempt { () throws(SQLiteFault) in
            let connection = try Connection(path: target, role: .writer)
            try connection.limit(configuration)
            try connection.execute("PRAGMA synchronous = FULL")
            try source.copy(to: connection, pageCount: stepPageCount, progress)
            try source.execute("COMMIT")
            // Without a log beside it, it can be read where nothing can be written.
            let mode = try connection.word("PRAGMA journal_mode = DELETE")
            let verdict = try connection.word("PRAGMA quick_check(1)")
            guard mode == "delete", verdict == "ok" else {
                throw SQLiteFault(code: SQLITE_CORRUPT)
            }
        }
        return copy
    }

    /// What a copy is, or a journal that no service has open.
    ///
    /// - Throws: `.newerSchema`, `.otherTables`, `.corrupt` or `.cannotOpen`.
    package static func describe(_ path: String) throws(JournalError) -> JournalCopy {
        try describe(
            try attempt { () throws(SQLiteFault) in try Connection(path: path, role: .onlooker) }
        )
    }

    private static func describe(
        _ connection: Connection
    ) throws(JournalError) -> JournalCopy {
        let schema = try Schema.version(of: connection)
        guard schema > 0 else { throw .corrupt }
        if schema == Schema.version { try Schema.verify(connection) }
        let last = try attempt { () throws(SQLiteFault) in
            try JournalTables(connection).lastSequence()
        }
        return JournalCopy(schema: schema, lastSequence: last)
    }

    private static func attempt<Value>(
        _ work: () throws(SQLiteFault) -> Value
    ) throws(JournalError) -> Value {
        do throws(SQLiteFault) {
            return try work()
        } catch {
            throw error.journalError
        }
    }
}
