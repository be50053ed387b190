internal import CReelSQLite

extension Connection {
    /// Copies the whole database over another's, as this connection's open transaction sees it.
    ///
    /// What is written meanwhile is not in the copy, and does not make it begin anew.
    ///
    /// - Parameters:
    ///   - target: A connection that may write, with no transaction open.
    ///   - pageCount: How many pages are copied in one step.
    ///   - progress: Is told the share that is copied, from 0 to 1, after each step.
    /// - Throws: What SQLite answered instead of doing it.
    func copy(
        to target: Connection,
        pageCount: Int32,
        _ progress: (Double) -> Void
    ) throws(SQLiteFault) {
        let started = unsafe sqlite3_backup_init(target.handle, "main", handle, "main")
        guard let copy = unsafe started else {
            throw SQLiteFault(code: unsafe sqlite3_extended_errcode(target.handle))
        }
        var status = SQLITE_OK
        while status == SQLITE_OK {
            status = unsafe sqlite3_backup_step(copy, pageCount)
            let total = unsafe sqlite3_backup_pagecount(copy)
            let rest = unsafe sqlite3_backup_remaining(copy)
            progress(total > 0 ? Double(total - rest) / Double(total) : 1)
            if status == SQLITE_OK, bound?.isReached == true { status = SQLITE_INTERRUPT }
        }
        let ended = unsafe sqlite3_backup_finish(copy)
        guard status == SQLITE_DONE else { throw SQLiteFault(code: status) }
        guard ended == SQLITE_OK else { throw SQLiteFault(code: ended) }
    }
}
