/// Eight runs that become one, a bounded number of keys at a time.
struct KeyMerge {
    /// Where a run is read.
    private struct Cursor {
        let run: KeyRun
        private var keys: KeyPage?
        private var index = 0
        private var nextPage = 0

        init(_ run: KeyRun) { self.run = run }

        private(set) var current: HashedKey?

        mutating func begin(_ kind: KeyRun.Kind, _ table: KeyRunTable) throws(SQLiteFault) {
            keys = nil
            nextPage = 0
            try advance(kind, table)
        }

        mutating func advance(_ kind: KeyRun.Kind, _ table: KeyRunTable) throws(SQLiteFault) {
            index += 1
            while keys.map({ index >= $0.count }) ?? true {
                guard let next = try table.nextPage(kind, of: run, from: nextPage) else {
                    current = nil
                    return
                }
                keys = next.keys
                nextPage = next.page + 1
                index = 0
            }
            current = keys?[index]
        }
    }

    private var writer: KeyRunWriter
    private var cursors: [Cursor]
    private var kind: KeyRun.Kind?
    /// Keys of entries before it are left out, since those are gone.
    private let firstKept: Int64

    var inputs: [KeyRun] { cursors.map(\.run) }
    var output: KeyRun { writer.run }
    var filter: KeyFilter? { writer.filter }

    init(_ inputs: [KeyRun], into output: KeyRun, firstKept: Int64) {
        writer = KeyRunWriter(output)
        cursors = inputs.map { Cursor($0) }
        self.firstKept = firstKept
    }

    /// Merges at most that many keys.
    ///
    /// - Returns: Whether the output is whole.
    mutating func advance(
        atMost keyCount: Int,
        _ table: KeyRunTable
    ) throws(SQLiteFault) -> Bool {
        var kind = self.kind ?? .webhook
        if self.kind == nil { try begin(kind, table) }
        var left = keyCount
        while left > 0 {
            guard let place = least() else {
                guard kind == .webhook else {
                    try writer.finish(to: table)
                    return true
                }
                kind = .event
                try begin(kind, table)
                continue
            }
            if let key = cursors[place].current, key.sequence >= firstKept {
                try writer.add(key, kind, to: table)
            }
            try cursors[place].advance(kind, table)
            left -= 1
        }
        try writer.writeSettledFilter(to: table)
        return false
    }

    private mutating func begin(_ kind: KeyRun.Kind, _ table: KeyRunTable) throws(SQLiteFault) {
        self.kind = kind
        for index in cursors.indices { try cursors[index].begin(kind, table) }
    }

    /// The cursor whose key comes first.
    private func least() -> Int? {
        var found: Int?
        var least: HashedKey?
        for index in cursors.indices {
            guard let key = cursors[index].current else { continue }
            if let known = least, known < key { continue }
            least = key
            found = index
        }
        return found
    }
}
