internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// The tables of a journal through one connection: what is asked of a driver, in SQL.
///
/// Belongs to the thread of its connection. What it remembers of the tables is what its own
/// transaction has made of them; after a rollback it forgets.
final class JournalTables {
    let connection: Connection

    struct ChainRecord {
        let number: Int64
        let plan: RunPlan
    }

    /// The sequence that the next entry gets; 0 when it has to be looked up.
    var nextSequence: Int64 = 0
    /// The block of entries that is being filled, and from when to when they were received.
    var span: (block: Int64, first: Int64, last: Int64)?
    var spanChanged = false
    /// Where the entries of a `webhook-id` are; nil until something is appended.
    private var keyIndex: KeyIndex?
    private let keyFilterByteCountMax: Int

    /// The entries at work whose rows need not be read again, by sequence.
    var hot: [Int64: HotEntry] = [:]

    private var words: [String: Int64] = [:]
    private var wordTexts: [Int64: String] = [:]
    private var chains: [Int64: ChainRecord] = [:]
    private var chainNumbers: [RunPlan: Int64] = [:]

    private static let rememberedCountMax = 4_096

    init(
        _ connection: Connection,
        configuration: SQLiteJournalConfiguration = SQLiteJournalConfiguration()
    ) {
        self.connection = connection
        keyFilterByteCountMax = configuration.keyFilterByteCountMax
    }

    /// Forgets what a transaction that was rolled back may have made.
    func forget() {
        nextSequence = 0
        hot = [:]
        span = nil
        spanChanged = false
        keyIndex?.rollBack()
        words = [:]
        wordTexts = [:]
        chains = [:]
        chainNumbers = [:]
    }

    // MARK: Keys

    /// The index of keys, which is read from the tables when it is first asked for.
    ///
    /// It is asked for before the open transaction has inserted an entry.
    func keys() throws(SQLiteFault) -> KeyIndex {
        if let keyIndex { return keyIndex }
        let index = try KeyIndex(connection, filterByteCountMax: keyFilterByteCountMax)
        try index.readRecent()
        keyIndex = index
        return index
    }

    /// Takes note that the transaction is on disk.
    func noteCommitted() { keyIndex?.noteCommitted() }

    /// The index of keys where it has something to do.
    var dueKeys: KeyIndex? { keyIndex.flatMap { $0.isStepDue ? $0 : nil } }

    /// Forgets the index of keys, of which a step failed; the next append reads it again.
    func forgetKeys() { keyIndex = nil }

    // MARK: Names

    /// The number of a word, which is given one if it has none.
    func number(of word: String) throws(SQLiteFault) -> Int64 {
        if let known = try knownNumber(of: word) { return known }
        try connection.run("INSERT INTO words (word) VALUES (?1)", [.text(word)])
        guard let number = try knownNumber(of: word) else { throw .misread }
        return number
    }

    /// The number of a word that has one.
    func knownNumber(of word: String) throws(SQLiteFault) -> Int64? {
        if let known = words[word] { return known }
        let number = try connection.first(
            "SELECT number FROM words WHERE word = ?1",
            [.text(word)]
        ) { $0.integer(0) }
        if words.count >= Self.rememberedCountMax { words = [:] }
        words[word] = number
        return number
    }

    func word(_ number: Int64) throws(SQLiteFault) -> String {
        if let known = wordTexts[number] { return known }
        let word = try connection.first(
            "SELECT word FROM words WHERE number = ?1",
            [.integer(number)]
        ) { $0.text(0) }
        guard let word else { throw .misread }
        if wordTexts.count >= Self.rememberedCountMax { wordTexts = [:] }
        wordTexts[number] = word
        return word
    }

    // MARK: Chains

    /// The number of a chain with these steps, which is given one if it has none.
    func number(of plan: RunPlan) throws(SQLiteFault) -> Int64 {
        if let known = chainNumbers[plan] { return known }
        let steps = Self.text(of: plan)
        let values: [SQLiteValue] = [
            .text(plan.chain), .text(steps),
        ]
        try connection.run(
            "INSERT INTO chains (name, steps) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            values
        )
        let number = try connection.first(
            "SELECT number FROM chains WHERE name = ?1 AND steps = ?2",
            values
        ) { $0.integer(0) }
        guard let number else { throw .misread }
        if chainNumbers.count >= Self.rememberedCountMax { chainNumbers = [:] }
        chainNumbers[plan] = number
        return number
    }

    func plan(_ number: Int64) throws(SQLiteFault) -> RunPlan {
        if let known = chains[number] { return known.plan }
        let row = try connection.first(
            "SELECT name, steps FROM chains WHERE number = ?1",
            [.integer(number)]
        ) { (name: $0.text(0), steps: $0.text(1)) }
        guard let row, let plan = Self.plan(row.name, row.steps) else { throw .misread }
        if chains.count >= Self.rememberedCountMax { chains = [:] }
        chains[number] = ChainRecord(number: number, plan: plan)
        return plan
    }

    /// The steps as a chain's row has them: each by its name, or with its lane as an object.
    private static func text(of plan: RunPlan) -> String {
        let steps = zip(plan.steps, plan.lanes).map { name, lane -> JSONValue in
            lane.map { ["name": .string(name), "lane": .string($0)] } ?? .string(name)
        }
        return String(decoding: JSONValue.array(steps).serialized(), as: UTF8.self)
    }

    private static func plan(_ chain: String, _ text: String) -> RunPlan? {
        do throws(JSONError) {
            guard let steps = try JSONParser.parse(Array(text.utf8)).array, !steps.isEmpty else {
                return nil
            }
            let names = steps.compactMap { $0.string ?? $0["name"]?.string }
            guard names.count == steps.count else { return nil }
            return RunPlan(chain: chain, steps: names, lanes: steps.map { $0["lane"]?.string })
        } catch {
            return nil
        }
    }
}
