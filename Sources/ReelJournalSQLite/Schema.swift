internal import ReelJournal

/// What the tables look like, and the way there from every schema that was released.
///
/// `PRAGMA application_id` says that the file is a journal, and `user_version` how many of the
/// migrations it has had.
enum Schema {
    /// "Reel" in ASCII.
    static let applicationID: Int64 = 0x5265_656C

    static var version: Int { migrations.count }

    /// The n-th, counted from 1, leads from schema n - 1 to schema n; none is ever changed.
    static let migrations: [String] = [
        tables + indexes,
        keyRuns + entryKinds + breakers + replays + files + jobs + digests + lanes
            + turns,
    ]

    private static let tables = """
        -- Numbers to remember: sequence_floor, below which no sequence is given out.
        CREATE TABLE marks (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Names that stand in many rows: sources, providers, types of events.
        CREATE TABLE words (
            number INTEGER PRIMARY KEY,
            word TEXT NOT NULL UNIQUE
        ) STRICT;

        -- A chain and its steps (a JSON array of names) as some run began with them.
        CREATE TABLE chains (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            steps TEXT NOT NULL,
            UNIQUE (name, steps)
        ) STRICT;

        -- A video: its first recorded end, and its job where there is one.
        CREATE TABLE videos (
            number INTEGER PRIMARY KEY,
            id_key INTEGER NOT NULL,
            provider INTEGER NOT NULL,
            id TEXT NOT NULL,
            terminal INTEGER CHECK (terminal IN (0, 1)),
            fact_sequence INTEGER,
            state INTEGER CHECK (state BETWEEN 0 AND 4),
            origin INTEGER CHECK (origin BETWEEN 0 AND 3),
            status TEXT,
            progress INTEGER,
            expires_at INTEGER,
            first_seen_at INTEGER,
            updated_at INTEGER,
            reason_code TEXT,
            reason_detail TEXT
        ) STRICT;

        -- The last object that the provider sent for a video.
        CREATE TABLE objects (
            video INTEGER PRIMARY KEY,
            object BLOB NOT NULL
        ) STRICT;

        CREATE TABLE assets (
            video INTEGER NOT NULL,
            variant TEXT NOT NULL,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
            byte_count INTEGER NOT NULL,
            sha256 TEXT,
            content_type TEXT,
            entity_tag TEXT,
            location TEXT,
            reason_code TEXT,
            reason_detail TEXT,
            updated_at INTEGER NOT NULL,
            PRIMARY KEY (video, variant)
        ) STRICT, WITHOUT ROWID;

        -- Everything that happened, without the bodies.
        CREATE TABLE entries (
            sequence INTEGER PRIMARY KEY,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 8),
            is_planned INTEGER NOT NULL DEFAULT 0 CHECK (is_planned IN (0, 1)),
            redelivery_count INTEGER NOT NULL DEFAULT 0,
            origin INTEGER NOT NULL CHECK (origin BETWEEN 0 AND 2),
            source INTEGER NOT NULL,
            provider INTEGER NOT NULL,
            type INTEGER,
            video INTEGER,
            received_at INTEGER NOT NULL,
            occurred_at INTEGER,
            related INTEGER,
            webhook_key INTEGER,
            webhook_id TEXT,
            event_key INTEGER,
            event_id TEXT,
            reason_code TEXT,
            reason_detail TEXT
        ) STRICT;

        CREATE TABLE bodies (
            sequence INTEGER PRIMARY KEY,
            body BLOB NOT NULL
        ) STRICT;

        -- From when to when the entries of a block of 4,096 sequences were received.
        CREATE TABLE spans (
            block INTEGER PRIMARY KEY,
            first_received_at INTEGER NOT NULL,
            last_received_at INTEGER NOT NULL
        ) STRICT;

        -- An entry in a chain; position counts its runs in the order of its plan.
        -- claimable_at is null once it ended; is_ready: it was seen to be claimable by time;
        -- urgency: when its video expires.
        CREATE TABLE runs (
            sequence INTEGER NOT NULL,
            position INTEGER NOT NULL,
            chain INTEGER NOT NULL,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
            step INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            token INTEGER NOT NULL,
            claimable_at INTEGER CHECK ((claimable_at IS NULL) = (state > 2)),
            is_ready INTEGER NOT NULL CHECK (is_ready IN (0, 1) AND (state <= 2 OR is_ready = 0)),
            urgency INTEGER NOT NULL,
            video INTEGER,
            claimed_at INTEGER,
            ended_at INTEGER,
            attempt_total INTEGER NOT NULL,
            reason_code TEXT,
            reason_detail TEXT,
            checkpoint BLOB,
            PRIMARY KEY (sequence, position)
        ) STRICT, WITHOUT ROWID;

        -- The history of a run: every attempt of every step.
        CREATE TABLE attempts (
            sequence INTEGER NOT NULL,
            position INTEGER NOT NULL,
            number INTEGER NOT NULL,
            step INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            reason_code TEXT,
            reason_detail TEXT,
            note TEXT,
            PRIMARY KEY (sequence, position, number)
        ) STRICT, WITHOUT ROWID;

        """

    private static let breakers = """
        -- The circuit breaker of each provider and notification target that was ever out.
        CREATE TABLE breakers (
            target TEXT PRIMARY KEY,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
            failure_count INTEGER NOT NULL,
            reason_code TEXT,
            reason_detail TEXT,
            changed_at INTEGER NOT NULL,
            probe_at INTEGER
        ) STRICT, WITHOUT ROWID;

        """

    private static let replays = """
        -- Replays of stored events: the conditions as JSON, events in a thousand seconds, and the
        -- last sequence that was looked at.
        CREATE TABLE replays (
            number INTEGER PRIMARY KEY,
            filter TEXT NOT NULL,
            rate INTEGER NOT NULL CHECK (rate > 0),
            last_sequence INTEGER NOT NULL,
            matched_count INTEGER NOT NULL,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
            cursor INTEGER NOT NULL,
            replayed_count INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT;

        """

    // With the states of files that are to go, or are gone.
    private static let files = """
        ALTER TABLE assets RENAME TO assets_before;
        CREATE TABLE assets (
            video INTEGER NOT NULL,
            variant TEXT NOT NULL,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 7),
            byte_count INTEGER NOT NULL,
            sha256 TEXT,
            content_type TEXT,
            entity_tag TEXT,
            location TEXT,
            reason_code TEXT,
            reason_detail TEXT,
            updated_at INTEGER NOT NULL,
            PRIMARY KEY (video, variant)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO assets SELECT * FROM assets_before;
        DROP TABLE assets_before;

        -- In the order in which they were stored, and those that are to be deleted.
        CREATE INDEX assets_stored ON assets (updated_at, video, byte_count) WHERE state = 3;
        CREATE INDEX assets_leaving ON assets (video) WHERE state = 6;

        """

    // Of the key no more than tells a few from each other: too little to find it by guessing.
    private static let jobs = """
        ALTER TABLE videos ADD COLUMN key_print INTEGER CHECK (key_print BETWEEN 0 AND 65535);
        ALTER TABLE videos ADD COLUMN ordered_seconds TEXT;
        ALTER TABLE videos ADD COLUMN ordered_size TEXT;

        -- A deletion at the provider that is to be done (0, at removal_at) or was given up (1).
        ALTER TABLE videos ADD COLUMN removal_state INTEGER CHECK (removal_state IN (0, 1));
        ALTER TABLE videos ADD COLUMN removal_failures INTEGER;
        ALTER TABLE videos ADD COLUMN removal_at INTEGER;
        ALTER TABLE videos ADD COLUMN removal_code TEXT;
        ALTER TABLE videos ADD COLUMN removal_detail TEXT;
        CREATE INDEX removals_due ON videos (removal_at) WHERE removal_state = 0;

        """

    // By which `check` sees that a body is not what was appended: see `BodyDigest`.
    private static let digests = """
        ALTER TABLE bodies ADD COLUMN digest INTEGER;

        """

    // A step of a chain may have a lane since, and be `{"name", "lane"}` there; a run of such a
    // step has a number made of it, by which it is ordered among those of its video.
    private static let lanes = """
        ALTER TABLE runs ADD COLUMN lane INTEGER;

        """

    // Those that wait for their turn at a target, in the order in which they are claimed.
    private static let turns = """
        CREATE INDEX runs_in_turn ON runs (reason_detail, urgency, sequence, position)
            WHERE is_ready = 0 AND state = 2 AND reason_code = 'waiting_for_turn';

        """

    private static let indexes = """
        -- By a number made of the id; whoever looks up compares the whole id after.
        CREATE INDEX entries_by_webhook ON entries (webhook_key) WHERE webhook_key IS NOT NULL;
        CREATE INDEX entries_by_event ON entries (event_key) WHERE event_key IS NOT NULL;
        CREATE INDEX videos_by_id ON videos (id_key);

        CREATE INDEX entries_by_state ON entries (state, sequence);
        CREATE INDEX entries_by_type ON entries (type, state, sequence);
        CREATE INDEX entries_by_origin ON entries (origin, sequence);
        CREATE INDEX entries_by_video ON entries (video, sequence) WHERE video IS NOT NULL;
        CREATE INDEX entries_unplanned ON entries (sequence) WHERE state = 0 AND is_planned = 0;

        CREATE INDEX jobs_by_state ON videos (state, number) WHERE state IS NOT NULL;

        -- Only of runs that are open, or dead: they stay small however long the journal is.
        CREATE INDEX runs_ready ON runs (urgency, sequence, position) WHERE is_ready = 1;
        CREATE INDEX runs_timed ON runs (claimable_at) WHERE is_ready = 0 AND state <= 2;
        CREATE INDEX runs_of_video ON runs (video, sequence) WHERE state <= 2 AND video IS NOT NULL;
        CREATE INDEX runs_dead ON runs (sequence) WHERE state = 4;
        """

    // Of `webhook_key` and `event_key`, which nothing reads any more, new entries have none: to
    // take the columns away would write every row anew.
    private static let keyRuns = """
        DROP INDEX entries_by_webhook;
        DROP INDEX entries_by_event;

        -- Sorted sets of the hashes of webhook-ids and event ids: see KeyIndex.
        CREATE TABLE key_runs (
            number INTEGER PRIMARY KEY,
            level INTEGER NOT NULL,
            state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
            first_sequence INTEGER NOT NULL,
            last_sequence INTEGER NOT NULL,
            webhook_page_count INTEGER NOT NULL,
            event_page_count INTEGER NOT NULL,
            webhook_key_count INTEGER NOT NULL,
            event_key_count INTEGER NOT NULL,
            filter_block_count INTEGER NOT NULL
        ) STRICT;

        -- The place is made of the run, the kind and the page's number in them.
        CREATE TABLE key_pages (
            place INTEGER PRIMARY KEY,
            content BLOB NOT NULL
        ) STRICT;

        INSERT INTO marks (name, value) VALUES
            ('key_hash_1', random()), ('key_hash_2', random()), ('key_block_shift', 13);
        """

    // One index in place of three: each is written anew whenever an entry comes or changes state.
    private static let entryKinds = """
        DROP INDEX entries_by_state;
        DROP INDEX entries_by_type;
        DROP INDEX entries_by_origin;
        CREATE INDEX entries_by_kind ON entries (type, origin, state, sequence);

        """

    /// Sets what a journal that is made is to have for good.
    static func settle(
        _ connection: Connection,
        _ configuration: SQLiteJournalConfiguration
    ) throws(SQLiteFault) {
        guard configuration.keyBlockShift != 13 else { return }
        try connection.run(
            "UPDATE marks SET value = ?1 WHERE name = 'key_block_shift'",
            [.integer(configuration.keyBlockShift)]
        )
    }

    /// Makes a short journal that cannot give space back anew as one that can.
    ///
    /// That takes its length in memory and in the write-ahead log; where that does not suffice, it
    /// stays as it is.
    static func renew(
        _ connection: Connection,
        _ configuration: SQLiteJournalConfiguration
    ) throws(SQLiteFault) {
        let byteCount =
            try connection.number("PRAGMA page_count") * Int64(connection.pageByteCount)
        guard try connection.number("PRAGMA auto_vacuum") == 0,
            byteCount <= configuration.renewalByteCountMax
        else { return }
        do throws(SQLiteFault) {
            try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            try connection.execute("VACUUM")
        } catch {
            guard error.isForWantOfSpace else { throw error }
        }
    }

    /// The schema that a file has; 0 for an empty one.
    ///
    /// - Throws: `.corrupt` for a file that is no journal, `.newerSchema` for a later version's.
    static func version(of connection: Connection) throws(JournalError) -> Int {
        let applicationID: Int64
        let version: Int64
        let tableCount: Int64
        do throws(SQLiteFault) {
            applicationID = try connection.number("PRAGMA application_id")
            version = try connection.number("PRAGMA user_version")
            tableCount = try connection.number("SELECT count(*) FROM sqlite_schema")
        } catch {
            throw error.journalError
        }
        if applicationID == 0, version == 0, tableCount == 0 { return 0 }
        guard applicationID == Self.applicationID, version >= 1 else { throw .corrupt }
        guard version <= Self.version else {
            throw .newerSchema(found: Int(version), known: Self.version)
        }
        return Int(version)
    }

    /// Leads from a schema to this version's, all the way or not at all.
    static func migrate(_ connection: Connection, from found: Int) throws(SQLiteFault) {
        guard found < version else { return }
        try connection.execute("BEGIN IMMEDIATE")
        do throws(SQLiteFault) {
            for migration in migrations[found...] { try connection.execute(migration) }
            // Of one that was brought here from another schema, whoever opens it looks first.
            if found == 0 { try stamp(connection) }
            try connection.execute("PRAGMA application_id = \(applicationID)")
            try connection.execute("PRAGMA user_version = \(version)")
            try connection.execute("COMMIT")
        } catch {
            if connection.isInTransaction { try connection.execute("ROLLBACK") }
            throw error
        }
    }
}
