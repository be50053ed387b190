/// Writes a run from keys that come in their order: those of a kind after those of the one before.
struct KeyRunWriter {
    let run: KeyRun
    private(set) var filter: KeyFilter?
    private var kind = KeyRun.Kind.webhook
    private var page = 0
    private var keys: [HashedKey] = []
    private var filterPagesWritten = 0

    init(_ run: KeyRun) {
        self.run = run
        filter = run.filterBlockCount > 0 ? KeyFilter(blockCount: run.filterBlockCount) : nil
    }

    mutating func add(
        _ key: HashedKey,
        _ kind: KeyRun.Kind,
        to table: KeyRunTable
    ) throws(SQLiteFault) {
        let page = HashedKey.part(key.hash, of: run.pageCount(kind))
        if kind != self.kind || page != self.page {
            try writePage(to: table)
            self.kind = kind
            self.page = page
        }
        keys.append(key)
        if kind == .webhook { filter?.insert(key.hash) }
    }

    /// Writes the pages of the filter that no key after the last one can change.
    mutating func writeSettledFilter(to table: KeyRunTable) throws(SQLiteFault) {
        guard kind == .webhook, let last = keys.last, let filter else { return }
        try writeFilter(upTo: filter.page(of: last.hash), to: table)
    }

    /// Writes what is still to be written.
    mutating func finish(to table: KeyRunTable) throws(SQLiteFault) {
        try writePage(to: table)
        if let filter { try writeFilter(upTo: filter.pageCount, to: table) }
    }

    private mutating func writePage(to table: KeyRunTable) throws(SQLiteFault) {
        guard !keys.isEmpty else { return }
        let bytes = KeyPage.bytes(of: keys, firstSequence: run.firstSequence)
        try table.write(bytes, at: run.place(kind, page))
        keys.removeAll(keepingCapacity: true)
    }

    private mutating func writeFilter(upTo end: Int, to table: KeyRunTable) throws(SQLiteFault) {
        guard let filter else { return }
        while filterPagesWritten < end {
            let bytes = filter.bytes(ofPage: filterPagesWritten)
            try table.write(bytes, at: run.place(ofFilterPage: filterPagesWritten))
            filterPagesWritten += 1
        }
    }
}
