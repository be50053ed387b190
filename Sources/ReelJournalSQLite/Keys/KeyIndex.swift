internal import ReelRuntime

/// Where the entries of a `webhook-id` are, for the one connection that writes.
///
/// An index of the database would be written at a random place for every id: beyond what the page
/// cache holds, each append would read and write pages of its own. Here the keys of the newest
/// entries are in memory, where opening the journal puts them again, and those of older ones are in
/// runs that are written once, in their order, and merged eight at a time (O'Neil and others, "The
/// log-structured merge-tree", 1996). Eight runs of blocks that follow each other become one of the
/// next level, so there are few of them; a filter in memory spares nearly every look into one.
///
/// What a run holds is a hash and a sequence, and means no more than that the entry is to be
/// looked at: keys of entries that are gone do no harm, and leave with their run.
final class KeyIndex {
    private struct Live {
        let run: KeyRun
        let filter: KeyFilter?

        /// Whether it is to be looked into for a `webhook-id` of that hash.
        func mayHold(_ hash: UInt64) -> Bool {
            guard let filter else { return true }
            return filter.mayHold(hash)
        }
    }

    static let levelShift: Int64 = 3
    /// Pages that are taken away in one step.
    private static let stepPageCount = 256
    /// Keys that are merged in one step: as many as a block has, give or take.
    private var stepKeyCount: Int { 2 << blockShift }
    /// Entries between two steps, an eighth of a block: enough steps for seven levels.
    private var stepEntryCount: Int64 { max(1, 1 << (blockShift - 3)) }

    private let table: KeyRunTable
    private let hash: KeyedHash
    private let blockShift: Int64
    private let filterByteCountMax: Int
    private var recent = RecentKeys()
    /// The newest first.
    private var live: [Live] = []
    /// By the level of what goes in.
    private var merges: [Int: KeyMerge] = [:]
    private var leaving: [KeyRun] = []
    /// The first entry that no run covers.
    private var firstRecent: Int64 = 1
    private var lastCommitted: Int64
    private var lastAdded: Int64
    private var lastStep: Int64
    private var isRemovalNext = false

    /// Reads what the tables hold; what is left of a merge that a crash ended is to be taken away.
    ///
    /// There is only so much memory for filters; the oldest runs go without one when it does not
    /// suffice, and are looked into for each append.
    init(_ connection: Connection, filterByteCountMax: Int) throws(SQLiteFault) {
        table = KeyRunTable(connection: connection)
        hash = try table.hash()
        blockShift = try table.blockShift()
        self.filterByteCountMax = filterByteCountMax
        let runs = try table.runs(.live)
        leaving = try table.runs(.building) + table.runs(.leaving)
        // Blocks whose entries are all gone need no run.
        let firstBlock = (try Self.firstEntry(connection) >> blockShift) << blockShift
        firstRecent = max((runs.first?.lastSequence ?? 0) + 1, firstBlock)
        lastCommitted = firstRecent - 1
        lastAdded = lastCommitted
        lastStep = lastCommitted
        var byteCount = 0
        for run in runs {
            byteCount += KeyFilter.byteCount(ofBlocks: run.filterBlockCount)
            let isFiltered = run.filterBlockCount > 0 && byteCount <= filterByteCountMax
            live.append(Live(run: run, filter: isFiltered ? try table.filter(of: run) : nil))
        }
        lastStep = lastCommitted
    }

    // MARK: Keys

    func hash(of id: String) -> UInt64 { hash.of(id) }

    /// The entries that may have the `webhook-id` of that hash.
    func candidates(ofWebhook hash: UInt64) throws(SQLiteFault) -> [Int64] {
        var found = recent.sequences(ofWebhook: hash)
        for index in live.indices where live[index].mayHold(hash) {
            found += try table.sequences(of: hash, .webhook, in: live[index].run)
        }
        return found
    }

    /// Takes the keys of an entry whose row the open transaction has inserted.
    func add(_ sequence: Int64, webhook: UInt64?, event: UInt64?) {
        if let webhook { recent.addWebhookKey(HashedKey(hash: webhook, sequence: sequence)) }
        if let event { recent.addEventKey(HashedKey(hash: event, sequence: sequence)) }
        lastAdded = sequence
    }

    /// Takes note that what was added is on disk.
    func noteCommitted() { lastCommitted = lastAdded }

    /// Forgets what was added since the last commit.
    func rollBack() {
        recent.removeAll(after: lastCommitted)
        lastAdded = lastCommitted
    }

    // MARK: Upkeep

    /// Whether `step` has something to do now.
    var isStepDue: Bool {
        isBlockWhole || hasWork && lastCommitted - lastStep >= stepEntryCount
    }

    private var isBlockWhole: Bool { lastCommitted >= lastOfBlock(firstRecent) }
    private var hasWork: Bool { !merges.isEmpty || !leaving.isEmpty }

    /// Does a bounded piece of work in a transaction of its own.
    ///
    /// After one that failed or was rolled back, this index is not to be used again.
    func step() throws(SQLiteFault) {
        lastStep = lastCommitted
        if isBlockWhole { return try writeBlock() }
        if isRemovalNext || merges.isEmpty, let run = leaving.last {
            isRemovalNext = false
            if try table.remove(run, atMost: Self.stepPageCount) { leaving.removeLast() }
            return
        }
        isRemovalNext = true
        guard let level = merges.keys.min(), var merge = merges[level] else { return }
        // Out of the dictionary while it changes, so that nothing of it is copied.
        merges[level] = nil
        if try merge.advance(atMost: stepKeyCount, table) {
            try finish(merge)
        } else {
            merges[level] = merge
        }
    }

    /// The last sequence of the block that an entry is in.
    private func lastOfBlock(_ sequence: Int64) -> Int64 {
        ((sequence >> blockShift) + 1) << blockShift - 1
    }

    /// Writes the keys of the oldest block that is in memory as a run.
    private func writeBlock() throws(SQLiteFault) {
        let last = lastOfBlock(firstRecent)
        let keys = recent.keys(through: last)
        let run = try newRun(
            level: 0,
            firstRecent...last,
            webhookKeyCount: keys.webhook.count,
            eventKeyCount: keys.event.count
        )
        var writer = KeyRunWriter(run)
        for key in keys.webhook.sorted() { try writer.add(key, .webhook, to: table) }
        for key in keys.event.sorted() { try writer.add(key, .event, to: table) }
        try writer.finish(to: table)
        try table.insert(run, .live)
        live.insert(Live(run: run, filter: writer.filter), at: 0)
        recent.removeAll(through: last)
        firstRecent = last + 1
        try dropRunsOfRemovedEntries()
        try beginMerge(after: run)
    }

    private func newRun(
        level: Int,
        _ sequences: ClosedRange<Int64>,
        webhookKeyCount: Int,
        eventKeyCount: Int
    ) throws(SQLiteFault) -> KeyRun {
        let blockCount = KeyFilter.blockCount(forKeys: webhookKeyCount)
        let isFiltered = KeyFilter.byteCount(ofBlocks: blockCount) <= filterByteCountMax
        return KeyRun(
            number: try table.nextNumber(),
            level: level,
            firstSequence: sequences.lowerBound,
            lastSequence: sequences.upperBound,
            webhookPageCount: KeyRun.pageCount(forKeys: webhookKeyCount),
            eventPageCount: KeyRun.pageCount(forKeys: eventKeyCount),
            webhookKeyCount: webhookKeyCount,
            eventKeyCount: eventKeyCount,
            filterBlockCount: isFiltered ? blockCount : 0
        )
    }

    /// Which of its level a run is, counted over all sequences.
    private func index(of run: KeyRun, atLevel level: Int) -> Int64 {
        run.lastSequence >> (blockShift + Self.levelShift * Int64(level))
    }

    /// Begins to merge the runs of a level when the last of eight is there.
    private func beginMerge(after run: KeyRun) throws(SQLiteFault) {
        guard merges[run.level] == nil,
            (index(of: run, atLevel: run.level) + 1) & (1 << Self.levelShift - 1) == 0
        else { return }
        let group = index(of: run, atLevel: run.level + 1)
        let inputs = live.map(\.run).filter {
            $0.level == run.level && index(of: $0, atLevel: run.level + 1) == group
        }
        guard let first = inputs.map(\.firstSequence).min() else { return }
        let output = try newRun(
            level: run.level + 1,
            first...run.lastSequence,
            webhookKeyCount: inputs.reduce(0) { $0 + $1.webhookKeyCount },
            eventKeyCount: inputs.reduce(0) { $0 + $1.eventKeyCount }
        )
        try table.insert(output, .building)
        merges[run.level] = KeyMerge(inputs, into: output, firstKept: try firstEntry())
    }

    private func finish(_ merge: KeyMerge) throws(SQLiteFault) {
        let inputs = Set(merge.inputs.map(\.number))
        for run in merge.inputs { try table.move(run, to: .leaving) }
        try table.move(merge.output, to: .live)
        live.removeAll { inputs.contains($0.run.number) }
        leaving += merge.inputs
        let place =
            live.firstIndex { $0.run.lastSequence < merge.output.lastSequence } ?? live.endIndex
        live.insert(Live(run: merge.output, filter: merge.filter), at: place)
        shedFilters()
        try beginMerge(after: merge.output)
    }

    /// Lets go of the filters of the oldest runs where there are more than memory is for.
    private func shedFilters() {
        var byteCount = 0
        for index in live.indices {
            guard let filter = live[index].filter else { continue }
            byteCount += KeyFilter.byteCount(ofBlocks: filter.blockCount)
            guard byteCount > filterByteCountMax else { continue }
            live[index] = Live(run: live[index].run, filter: nil)
        }
    }

    /// The oldest entry that is still there.
    private static func firstEntry(_ connection: Connection) throws(SQLiteFault) -> Int64 {
        // Where none is left, the last there was.
        try connection.first(
            """
            SELECT coalesce(
                (SELECT min(sequence) FROM entries),
                (SELECT value FROM marks WHERE name = 'sequence_floor'), 0
            )
            """
        ) { $0.integer(0) } ?? 0
    }

    private func firstEntry() throws(SQLiteFault) -> Int64 {
        try Self.firstEntry(table.connection)
    }

    /// Takes away runs whose entries are all gone.
    private func dropRunsOfRemovedEntries() throws(SQLiteFault) {
        let first = try firstEntry()
        let merging = Set(merges.values.flatMap(\.inputs).map(\.number))
        for one in live
        where one.run.lastSequence < first && !merging.contains(one.run.number) {
            try table.move(one.run, to: .leaving)
            leaving.append(one.run)
        }
        let gone = Set(leaving.map(\.number))
        live.removeAll { gone.contains($0.run.number) }
    }

    // MARK: Opening

    /// Reads the keys of the entries that no run holds into memory.
    func readRecent() throws(SQLiteFault) {
        while try readBlock() {}
        lastStep = lastCommitted
    }

    /// Writes the runs of a journal that is far behind with them, as one is that had a schema
    /// without, and does nothing to another.
    ///
    /// Each step is a transaction, so that a kill in the midst of it loses a step and no more.
    static func catchUp(_ connection: Connection) throws(SQLiteFault) {
        let index = try KeyIndex(connection, filterByteCountMax: 0)
        let last = try connection.first("SELECT max(sequence) FROM entries") { $0.integer(0) } ?? 0
        guard (last - index.lastCommitted) >> index.blockShift >= 8 else { return }
        var stepCount = 0
        func step(_ work: () throws(SQLiteFault) -> Void) throws(SQLiteFault) {
            try connection.execute("BEGIN IMMEDIATE")
            try work()
            try connection.execute("COMMIT")
            stepCount += 1
            if stepCount % 64 == 0 { _ = try connection.checkpoint(waiting: false) }
        }
        while try index.readBlock() {
            while index.isBlockWhole || index.hasWork {
                try step { () throws(SQLiteFault) in try index.step() }
            }
        }
    }

    /// Reads the keys of the next block of entries that is not in memory.
    ///
    /// - Returns: Whether there was one.
    private func readBlock() throws(SQLiteFault) -> Bool {
        let rows = try table.connection.rows(
            """
            SELECT sequence, webhook_id, event_id FROM entries
            WHERE sequence > ?1 ORDER BY sequence LIMIT ?2
            """,
            [.integer(lastAdded), .integer(1 << blockShift)]
        ) { (sequence: $0.integer(0), webhook: $0.optionalText(1), event: $0.optionalText(2)) }
        for row in rows {
            add(row.sequence, webhook: row.webhook.map(hash.of), event: row.event.map(hash.of))
        }
        noteCommitted()
        return !rows.isEmpty
    }
}
