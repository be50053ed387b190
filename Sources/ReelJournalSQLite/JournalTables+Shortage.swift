internal import ReelJournal
internal import ReelRuntime

// When the disk was full.
extension JournalTables {
    /// Notes that the disk is full; the mark of an earlier end goes.
    func noteShortage(at moment: Timestamp) throws(SQLiteFault) {
        try connection.run(
            "REPLACE INTO marks (name, value) VALUES ('disk_full_at', ?1)",
            [.moment(moment)]
        )
        try connection.run("DELETE FROM marks WHERE name = 'disk_room_at'")
    }

    /// Notes that there is room again, where the disk was full.
    func noteRoom(at moment: Timestamp) throws(SQLiteFault) {
        try connection.run(
            """
            REPLACE INTO marks (name, value)
            SELECT 'disk_room_at', ?1 FROM marks WHERE name = 'disk_full_at'
            """,
            [.moment(moment)]
        )
    }

    /// Whether the database is about to be as long as its configuration lets it be.
    func isNearSizeLimit() throws(SQLiteFault) -> Bool {
        let count = try connection.number("PRAGMA page_count")
        return try connection.number("PRAGMA max_page_count") - count < 1_024
    }

    func shortage() throws(SQLiteFault) -> DiskShortage? {
        let marks = try connection.rows(
            "SELECT name, value FROM marks WHERE name IN ('disk_full_at', 'disk_room_at')"
        ) { (name: $0.text(0), moment: $0.moment(1)) }
        guard let start = marks.first(where: { $0.name == "disk_full_at" }) else { return nil }
        return DiskShortage(
            since: start.moment,
            until: marks.first { $0.name == "disk_room_at" }?.moment
        )
    }
}
