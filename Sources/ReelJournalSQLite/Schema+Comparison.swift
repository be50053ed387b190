internal import ReelJournal
internal import ReelRuntime

// Whether a journal's tables are those that its schema has.
//
// Until a schema is released it grows, and a journal that was made before it did has its number and
// not its tables. A stamp in the journal, of the migrations and of what they made, tells the two
// apart for the price of reading the tables' names; only where it is missing or another are the
// tables compared with new ones.
extension Schema {
    /// A table or an index as SQLite keeps it.
    private struct Object: Hashable {
        let kind: String
        let name: String
        let text: String

        /// The text without what means nothing, and which SQLite may have written otherwise.
        var plainText: [UInt8] {
            text.utf8.filter { $0 > 0x20 && $0 != UInt8(ascii: "\"") }
        }
    }

    private static let stampName = "schema_stamp"
    private static let listedCountMax = 6

    private static let migrationsHash = KeyedHash(0, UInt64(version)).of(migrations.joined())

    /// Makes sure that the tables are as this version makes them; a journal that has them, and no
    /// stamp, may get one.
    ///
    /// - Throws: `.otherTables`, and what SQLite gives.
    static func verify(
        _ connection: Connection,
        mayStamp: Bool = false
    ) throws(JournalError) {
        let differences: [String]
        do throws(SQLiteFault) {
            let objects = try objects(connection)
            guard try stamp(in: connection, objects) != stamp(of: objects) else { return }
            differences = try self.differences(of: connection, objects)
            if differences.isEmpty, mayStamp { try stamp(connection) }
        } catch {
            throw error.journalError
        }
        guard !differences.isEmpty else { return }
        var words = differences.prefix(listedCountMax).joined(separator: ", ")
        let rest = differences.count - listedCountMax
        if rest > 0 { words += " and \(rest) more" }
        throw .otherTables(schema: version, differences: words)
    }

    /// Writes down that the tables are as this version makes them.
    static func stamp(_ connection: Connection) throws(SQLiteFault) {
        try connection.run(
            "REPLACE INTO marks (name, value) VALUES (?1, ?2)",
            [.text(stampName), .integer(stamp(of: try objects(connection)))]
        )
    }

    private static func stamp(of objects: [Object]) -> Int64 {
        var hash = migrationsHash
        for object in objects {
            hash = KeyedHash(hash, 1).of(object.kind + "\n" + object.name + "\n" + object.text)
        }
        return Int64(bitPattern: hash)
    }

    private static func stamp(
        in connection: Connection,
        _ objects: [Object]
    ) throws(SQLiteFault) -> Int64? {
        guard objects.contains(where: { $0.name == "marks" }) else { return nil }
        return try connection.first(
            "SELECT value FROM marks WHERE name = ?1",
            [.text(stampName)]
        ) { $0.integer(0) }
    }

    private static func objects(_ connection: Connection) throws(SQLiteFault) -> [Object] {
        try connection.rows(
            """
            SELECT type, name, sql FROM sqlite_schema
            WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
            """
        ) { Object(kind: $0.text(0), name: $0.text(1), text: $0.text(2)) }
    }

    // MARK: Differences

    /// What this version's tables have and these have not, by name.
    private static func differences(
        of connection: Connection,
        _ objects: [Object]
    ) throws(SQLiteFault) -> [String] {
        let fresh = try Connection(path: ":memory:", role: .writer)
        for migration in migrations { try fresh.execute(migration) }
        var found: [String] = []
        for expected in try self.objects(fresh) {
            let name = expected.kind + " " + expected.name
            guard
                let real = objects.first(where: {
                    $0.name == expected.name && $0.kind == expected.kind
                })
            else {
                found.append(name + " is missing")
                continue
            }
            guard real.plainText != expected.plainText else { continue }
            let columns = try columns(of: expected.name, fresh)
            let known = Set(try self.columns(of: expected.name, connection))
            let missing = columns.filter { !known.contains($0) }
            found += missing.map { "column \(expected.name).\($0) is missing" }
            if !known.isSubset(of: columns) {
                found.append(name + " has columns that this version does not know")
            } else if missing.isEmpty {
                found.append(name + " is made in another way")
            }
        }
        return found
    }

    private static func columns(
        of table: String,
        _ connection: Connection
    ) throws(SQLiteFault) -> [String] {
        try connection.rows(
            "SELECT name FROM pragma_table_info(?1)",
            [.text(table)]
        ) { $0.text(0) }
    }
}
