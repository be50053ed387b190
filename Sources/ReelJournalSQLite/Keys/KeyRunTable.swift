internal import ReelRuntime

/// The key runs of a journal as its tables hold them, through one connection.
struct KeyRunTable {
    let connection: Connection

    /// The hash of the journal's keys.
    func hash() throws(SQLiteFault) -> KeyedHash {
        let words = try connection.rows(
            "SELECT value FROM marks WHERE name IN ('key_hash_1', 'key_hash_2') ORDER BY name"
        ) { UInt64(bitPattern: $0.integer(0)) }
        guard words.count == 2 else { throw .misread }
        return KeyedHash(words[0], words[1])
    }

    /// The entries of a run at level 0, as a power of two.
    func blockShift() throws(SQLiteFault) -> Int64 {
        let shift = try connection.first(
            "SELECT value FROM marks WHERE name = 'key_block_shift'"
        ) { $0.integer(0) }
        guard let shift, (1...30).contains(shift) else { throw .misread }
        return shift
    }

    /// The runs in a state, the newest first.
    func runs(_ state: KeyRun.State) throws(SQLiteFault) -> [KeyRun] {
        try connection.rows(
            """
            SELECT number, level, first_sequence, last_sequence, webhook_page_count,
                event_page_count, webhook_key_count, event_key_count, filter_block_count
            FROM key_runs WHERE state = ?1 ORDER BY last_sequence DESC
            """,
            [.integer(state.rawValue)]
        ) {
            KeyRun(
                number: $0.integer(0),
                level: Int($0.integer(1)),
                firstSequence: $0.integer(2),
                lastSequence: $0.integer(3),
                webhookPageCount: Int($0.integer(4)),
                eventPageCount: Int($0.integer(5)),
                webhookKeyCount: Int($0.integer(6)),
                eventKeyCount: Int($0.integer(7)),
                filterBlockCount: Int($0.integer(8))
            )
        }
    }

    /// The number that the next run gets: higher than that of any whose pages are there.
    func nextNumber() throws(SQLiteFault) -> Int64 {
        let last = try connection.first("SELECT max(number) FROM key_runs") { $0.integer(0) }
        return (last ?? 0) + 1
    }

    func insert(_ run: KeyRun, _ state: KeyRun.State) throws(SQLiteFault) {
        try connection.run(
            """
            INSERT INTO key_runs (
                number, level, state, first_sequence, last_sequence, webhook_page_count,
                event_page_count, webhook_key_count, event_key_count, filter_block_count
            ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """,
            [
                .integer(run.number), .integer(run.level), .integer(state.rawValue),
                .integer(run.firstSequence), .integer(run.lastSequence),
                .integer(run.webhookPageCount), .integer(run.eventPageCount),
                .integer(run.webhookKeyCount), .integer(run.eventKeyCount),
                .integer(run.filterBlockCount),
            ]
        )
    }

    func move(_ run: KeyRun, to state: KeyRun.State) throws(SQLiteFault) {
        try connection.run(
            "UPDATE key_runs SET state = ?2 WHERE number = ?1",
            [.integer(run.number), .integer(state.rawValue)]
        )
    }

    // MARK: Pages

    func write(_ bytes: [UInt8], at place: Int64) throws(SQLiteFault) {
        try connection.run(
            "INSERT INTO key_pages (place, content) VALUES (?1, ?2)",
            [.integer(place), .blob(bytes)]
        )
    }

    /// The entries that a run knows under a hash, which may be those of other ids too.
    func sequences(
        of hash: UInt64,
        _ kind: KeyRun.Kind,
        in run: KeyRun
    ) throws(SQLiteFault) -> [Int64] {
        let page = HashedKey.part(hash, of: run.pageCount(kind))
        let bytes = try connection.first(
            "SELECT content FROM key_pages WHERE place = ?1",
            [.integer(run.place(kind, page))]
        ) { $0.blob(0) }
        guard let bytes else { return [] }
        return try KeyPage(bytes, firstSequence: run.firstSequence).sequences(of: hash)
    }

    /// Whether whoever looks for a key in a run comes upon it; not in pages that nobody can read.
    func finds(_ key: HashedKey, _ kind: KeyRun.Kind, in run: KeyRun) throws(SQLiteFault) -> Bool {
        do throws(SQLiteFault) {
            if kind == .webhook, run.filterBlockCount > 0 {
                guard try filterBlock(of: key.hash, in: run).mayHold(key.hash) else { return false }
            }
            return try sequences(of: key.hash, kind, in: run).contains(key.sequence)
        } catch {
            guard error == .misread else { throw error }
            return false
        }
    }

    /// The one block of a run's filter that has the bits of a hash, as a filter.
    private func filterBlock(of hash: UInt64, in run: KeyRun) throws(SQLiteFault) -> KeyFilter {
        var filter = KeyFilter(blockCount: 1)
        let block = HashedKey.part(hash, of: run.filterBlockCount)
        let start = block % KeyFilter.blocksInPage * KeyFilter.byteCount(ofBlocks: 1)
        let bytes = try connection.first(
            "SELECT substr(content, ?2 + 1, ?3) FROM key_pages WHERE place = ?1",
            [
                .integer(run.place(ofFilterPage: block / KeyFilter.blocksInPage)),
                .integer(start), .integer(KeyFilter.byteCount(ofBlocks: 1)),
            ]
        ) { $0.blob(0) }
        guard let bytes else { throw .misread }
        try filter.load(bytes, asPage: 0)
        return filter
    }

    /// The first page of a kind at or after one; nil when there is none.
    func nextPage(
        _ kind: KeyRun.Kind,
        of run: KeyRun,
        from page: Int
    ) throws(SQLiteFault) -> (page: Int, keys: KeyPage)? {
        let first = run.place(kind, 0)
        return try connection.first(
            """
            SELECT place, content FROM key_pages WHERE place >= ?1 AND place < ?2
            ORDER BY place LIMIT 1
            """,
            [.integer(first + Int64(page)), .integer(first + Int64(run.pageCount(kind)))]
        ) { (row) throws(SQLiteFault) in
            let keys = try KeyPage(row.blob(1), firstSequence: run.firstSequence)
            return (Int(row.integer(0) - first), keys)
        }
    }

    func filter(of run: KeyRun) throws(SQLiteFault) -> KeyFilter {
        var filter = KeyFilter(blockCount: run.filterBlockCount)
        for page in 0..<filter.pageCount {
            let bytes = try connection.first(
                "SELECT content FROM key_pages WHERE place = ?1",
                [.integer(run.place(ofFilterPage: page))]
            ) { $0.blob(0) }
            guard let bytes else { throw .misread }
            try filter.load(bytes, asPage: page)
        }
        return filter
    }

    /// Takes away some pages of a run, and the run with the last of them.
    ///
    /// - Returns: Whether it is gone.
    func remove(_ run: KeyRun, atMost pageCount: Int) throws(SQLiteFault) -> Bool {
        let places = try connection.rows(
            "SELECT place FROM key_pages WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT ?3",
            [
                .integer(run.places.lowerBound), .integer(run.places.upperBound),
                .integer(pageCount),
            ]
        ) { $0.integer(0) }
        if let last = places.last {
            try connection.run(
                "DELETE FROM key_pages WHERE place >= ?1 AND place <= ?2",
                [.integer(run.places.lowerBound), .integer(last)]
            )
        }
        guard places.count < pageCount else { return false }
        try connection.run("DELETE FROM key_runs WHERE number = ?1", [.integer(run.number)])
        return true
    }
}
