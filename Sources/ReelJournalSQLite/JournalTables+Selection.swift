internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

// How a query is answered: by ranges of one index each, in the order of the sequence.
//
// An index on (type, origin, state, sequence) read for one of each gives sequences in order, so
// that the newest fifty of millions cost fifty steps; a query for several of them is as many
// ranges, merged. Which of them there are is read from the index, too: a few dozen, however long
// the journal is. A time becomes a range of sequences by the spans of their blocks.
extension JournalTables {
    /// One range: the index to use, and what its rows are to fulfil.
    struct Selection {
        let index: String
        let condition: String
        let values: [SQLiteValue]
        /// The sequences that it lies between, exclusive.
        let bounds: (after: Int64, before: Int64)
        /// Only entries that have a dead run besides.
        var isOfDeadRuns = false
    }

    /// Conditions as they are put together; every text in them is of this file.
    private struct Conditions {
        var texts: [String] = []
        var values: [SQLiteValue] = []
        var bounds: (after: Int64, before: Int64) = (0, .max)

        /// Adds a condition whose `?` stand for the values in their order.
        mutating func add(_ text: String, _ new: SQLiteValue...) {
            texts.append(text)
            values += new
        }

        func selection(_ index: String, _ text: String, _ new: SQLiteValue...) -> Selection {
            Selection(
                index: index.isEmpty ? "NOT INDEXED" : "INDEXED BY \(index)",
                condition: ([text] + texts).joined(separator: " AND "),
                values: new + values,
                bounds: bounds
            )
        }
    }

    /// The ranges whose rows are those that match, none in two of them; none when nothing can.
    func selections(for query: EntryQuery) throws(SQLiteFault) -> [Selection] {
        var types: [Int64]?
        if let names = query.types {
            var numbers: Set<Int64> = []
            for name in names {
                if let number = try knownNumber(of: name) { numbers.insert(number) }
            }
            types = numbers.sorted()
        }
        let states = query.states.map { Set($0).map(\.code).sorted() }
        guard types?.isEmpty != true, states?.isEmpty != true,
            var rest = try bounds(of: query)
        else { return [] }
        let isByKey =
            query.sequences != nil || query.webhookID != nil || query.eventID != nil
            || query.videoID != nil || query.isUnplanned
        guard isByKey else { return try ranges(types, states, query.origin, rest) }

        if let origin = query.origin { rest.add("origin = ?", .integer(origin.code)) }
        if let types { rest.add("type IN (SELECT value FROM json_each(?))", Self.list(types)) }
        if let states { rest.add(Self.isIn(states), Self.list(states)) }
        if let id = query.webhookID { rest.add("webhook_id = ?", .text(id)) }
        if let id = query.eventID { rest.add("event_id = ?", .text(id)) }
        if query.isUnplanned { rest.add("state = 0 AND is_planned = 0") }
        let videos = try query.videoID.map { (id) throws(SQLiteFault) in try self.numbers(of: id) }
        if let videos {
            rest.add("video IN (SELECT value FROM json_each(?))", Self.list(videos))
        }
        return try keyed(query, videos, rest)
    }

    /// That an entry stands in one of these states; any that has a dead run counts as dead.
    private static func isIn(_ states: [Int64]) -> String {
        let isListed = "state IN (SELECT value FROM json_each(?))"
        guard states.contains(EventState.dead.code) else { return isListed }
        return """
            (\(isListed) OR EXISTS (
                SELECT 1 FROM runs r INDEXED BY runs_dead
                WHERE r.state = 4 AND r.sequence = entries.sequence
            ))
            """
    }

    private func keyed(
        _ query: EntryQuery,
        _ videos: [Int64]?,
        _ rest: Conditions
    ) throws(SQLiteFault) -> [Selection] {
        let isListed = "sequence IN (SELECT value FROM json_each(?))"
        if let sequences = query.sequences {
            return [rest.selection("", isListed, Self.list(sequences))]
        }
        let key = query.webhookID.map { (id: $0, kind: KeyRun.Kind.webhook) }
        if let key = key ?? query.eventID.map({ (id: $0, kind: KeyRun.Kind.event) }) {
            // Those that a run knows by the hash of the id, and those that no run knows yet.
            let (candidates, last) = try candidates(of: key.id, key.kind)
            return [
                rest.selection("", isListed, Self.list(candidates)),
                rest.selection("", "sequence > ?", .integer(last)),
            ]
        }
        if let videos {
            return videos.map {
                rest.selection("entries_by_video", "video = ?", .integer($0))
            }
        }
        return [rest.selection("entries_unplanned", "state = 0 AND is_planned = 0")]
    }

    /// The entries that may have an id by the runs of keys, and the last that a run holds.
    private func candidates(
        of id: String,
        _ kind: KeyRun.Kind
    ) throws(SQLiteFault) -> (candidates: [Int64], last: Int64) {
        let table = KeyRunTable(connection: connection)
        let hash = try table.hash().of(id)
        let runs = try table.runs(.live)
        var candidates: [Int64] = []
        for run in runs { candidates += try table.sequences(of: hash, kind, in: run) }
        return (candidates, runs.first?.lastSequence ?? 0)
    }

    private func ranges(
        _ types: [Int64]?,
        _ states: [Int64]?,
        _ origin: EntryOrigin?,
        _ rest: Conditions
    ) throws(SQLiteFault) -> [Selection] {
        if types == nil, states == nil, origin == nil {
            // Not "sequence > 0": of two lower bounds SQLite begins at the first and reads all
            // between.
            return [rest.selection("", "TRUE")]
        }
        return try kinds().compactMap { kind in
            if let types {
                guard let type = kind.type, types.contains(type) else { return nil }
            }
            let isAsked = states?.contains(kind.state) ?? true
            // An event with a dead run is dead, or has an open run that it goes by.
            let mayHaveDead = states?.contains(EventState.dead.code) ?? false
            let isOpen = kind.state == EventState.running.code || kind.state == Self.waiting
            guard isAsked || mayHaveDead && isOpen else { return nil }
            if let origin, origin.code != kind.origin { return nil }
            var selection = rest.selection(
                "entries_by_kind",
                "type IS ? AND origin = ? AND state = ?",
                .optional(kind.type),
                .integer(kind.origin),
                .integer(kind.state)
            )
            selection.isOfDeadRuns = !isAsked
            return selection
        }
    }

    private static let waiting = EventState.waiting.code

    /// The sequences of a selection that have a dead run besides, in order.
    ///
    /// It leaps from the next dead run to the next entry of the selection and on: as many steps as
    /// the shorter of the two lists has, and few where one lies after the other.
    func deadSequences(
        _ selection: Selection,
        limit: Int,
        isAscending: Bool
    ) throws(SQLiteFault) -> [Int64] {
        let (reaches, order) = isAscending ? (">=", "ASC") : ("<=", "DESC")
        var found: [Int64] = []
        var place = isAscending ? selection.bounds.after + 1 : selection.bounds.before - 1
        while found.count < limit {
            let dead = try connection.rows(
                composed: """
                    SELECT sequence FROM runs INDEXED BY runs_dead
                    WHERE state = 4 AND sequence \(reaches) ? ORDER BY sequence \(order) LIMIT 1
                    """,
                [.integer(place)]
            ) { $0.integer(0) }
            guard let dead = dead.first else { break }
            let next = try connection.rows(
                composed: """
                    SELECT sequence FROM entries \(selection.index)
                    WHERE sequence \(reaches) ? AND \(selection.condition)
                    ORDER BY sequence \(order) LIMIT 1
                    """,
                [.integer(dead)] + selection.values
            ) { $0.integer(0) }
            guard let next = next.first else { break }
            if next == dead { found.append(next) }
            place = next == dead ? dead + (isAscending ? 1 : -1) : next
        }
        return found
    }

    /// What an entry is listed by.
    private struct Kind {
        let type: Int64?
        let origin: Int64
        let state: Int64
    }

    /// The kinds that there are: for each, one step down the index to where it ends.
    private func kinds() throws(SQLiteFault) -> [Kind] {
        var kinds: [Kind] = []
        while let next = try kind(after: kinds.last) { kinds.append(next) }
        return kinds
    }

    private func kind(after last: Kind?) throws(SQLiteFault) -> Kind? {
        func read(_ row: borrowing Statement) -> Kind {
            Kind(type: row.optionalInteger(0), origin: row.integer(1), state: row.integer(2))
        }
        guard let last else {
            return try connection.first(
                """
                SELECT type, origin, state FROM entries INDEXED BY entries_by_kind
                ORDER BY type, origin, state LIMIT 1
                """,
                [],
                read
            )
        }
        // One column is stepped over at a time: where SQLite compares rows of values, it reads all
        // that are equal in them.
        let sameOrigin = try connection.first(
            """
            SELECT type, origin, state FROM entries INDEXED BY entries_by_kind
            WHERE type IS ?1 AND origin = ?2 AND state > ?3 ORDER BY state LIMIT 1
            """,
            [.optional(last.type), .integer(last.origin), .integer(last.state)],
            read
        )
        if let sameOrigin { return sameOrigin }
        let sameType = try connection.first(
            """
            SELECT type, origin, state FROM entries INDEXED BY entries_by_kind
            WHERE type IS ?1 AND origin > ?2 ORDER BY origin, state LIMIT 1
            """,
            [.optional(last.type), .integer(last.origin)],
            read
        )
        if let sameType { return sameType }
        // Those without a type come first; every number of a word is above 0.
        return try connection.first(
            """
            SELECT type, origin, state FROM entries INDEXED BY entries_by_kind
            WHERE type > ?1 ORDER BY type, origin, state LIMIT 1
            """,
            [.integer(last.type ?? 0)],
            read
        )
    }

    /// The sequences and moments that a query is held to; nil when nothing lies there.
    private func bounds(of query: EntryQuery) throws(SQLiteFault) -> Conditions? {
        var conditions = Conditions()
        var after = query.after ?? 0
        var before = query.before ?? .max
        if query.receivedFrom != nil || query.receivedTo != nil {
            let from = query.receivedFrom ?? Timestamp(millisecondsSinceEpoch: .min)
            let to = query.receivedTo ?? Timestamp(millisecondsSinceEpoch: .max)
            let blocks = try connection.first(
                """
                SELECT min(block), max(block) FROM spans
                WHERE last_received_at >= ?1 AND first_received_at < ?2
                """,
                [.moment(from), .moment(to)]
            ) { (first: $0.optionalInteger(0), last: $0.optionalInteger(1)) }
            guard let first = blocks?.first, let last = blocks?.last else { return nil }
            after = max(after, (first << Self.blockShift) - 1)
            before = min(before, (last + 1) << Self.blockShift)
            if query.receivedFrom != nil { conditions.add("received_at >= ?", .moment(from)) }
            if query.receivedTo != nil { conditions.add("received_at < ?", .moment(to)) }
        }
        conditions.bounds = (after, before)
        if after > 0 { conditions.add("sequence > ?", .integer(after)) }
        if before < .max { conditions.add("sequence < ?", .integer(before)) }
        return conditions
    }

    private func numbers(of id: VideoID) throws(SQLiteFault) -> [Int64] {
        try connection.rows(
            "SELECT number FROM videos INDEXED BY videos_by_id WHERE id_key = ?1 AND id = ?2",
            [.integer(LookupKey.of(id.rawValue)), .text(id.rawValue)]
        ) { $0.integer(0) }
    }

    private static func list(_ numbers: [Int64]) -> SQLiteValue {
        let array = JSONValue.array(numbers.map { .integer($0) })
        return .text(String(decoding: array.serialized(), as: UTF8.self))
    }
}
