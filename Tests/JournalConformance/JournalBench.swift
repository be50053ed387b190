internal import ReelHTTP
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime
internal import ReelWebhooks
internal import Testing

/// A journal on the bench, with the short words that the cases are written in.
struct JournalBench: Sendable {
    let subject: JournalSubject
    let driver: any JournalDriver
    private let signer: WebhookSigner
    private let secrets: [WebhookSecret]

    init(_ subject: JournalSubject, driver: any JournalDriver) throws {
        self.subject = subject
        self.driver = driver
        secrets = [
            try WebhookSecret(parsing: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        ]
        signer = WebhookSigner(secrets: secrets)
    }

    /// The same journal, closed and opened again.
    func reopened() async throws -> JournalBench {
        await driver.close()
        return try JournalBench(subject, driver: try await subject.open())
    }

    /// The bench's time: seconds after a fixed moment.
    func at(_ seconds: Int64) -> Timestamp {
        Timestamp(secondsSinceEpoch: 1_795_251_600 + seconds)
    }

    func video(_ name: String) throws -> VideoID {
        try #require(VideoID(name))
    }

    // MARK: Drafts

    /// A delivery that was signed and verified, with any body.
    func delivery(
        _ id: String,
        body: [UInt8],
        source: String = "openai",
        provider: String = "openai",
        at seconds: Int64 = 0
    ) throws -> EntryDraft {
        let verifier = WebhookVerifier(source: source, secrets: secrets)
        let delivery = try verifier.verify(
            fields: signer.headers(id: id, at: at(seconds), body: body),
            body: body,
            receivedAt: at(seconds)
        )
        return EntryDraft(delivery: delivery, provider: provider)
    }

    /// A delivery of an event.
    func delivery(
        _ id: String,
        _ type: String = "video.completed",
        of video: String?,
        source: String = "openai",
        provider: String = "openai",
        at seconds: Int64 = 0
    ) throws -> EntryDraft {
        var event: JSONObject = [
            "id": .string("evt_of_\(id)"), "object": .string("event"),
            "created_at": .integer(at(seconds - 1).secondsSinceEpoch), "type": .string(type),
        ]
        if let video { event["data"] = .object(["id": .string(video)]) }
        return try delivery(
            id,
            body: JSONValue.object(event).serialized(),
            source: source,
            provider: provider,
            at: seconds
        )
    }

    func observation(
        _ terminal: TerminalState,
        of name: String,
        provider: String = "openai",
        at seconds: Int64 = 0
    ) throws -> EntryDraft {
        let fact = Fact(provider: provider, videoID: try video(name), terminal: terminal)
        return EntryDraft(
            observation: Observation(
                fact: fact,
                occurredAt: at(seconds),
                observedAt: at(seconds)
            )
        )
    }

    // MARK: Moves

    /// Appends a delivery of a completed video and gives its sequence.
    @discardableResult
    func append(
        _ id: String,
        of video: String?,
        type: String = "video.completed",
        at seconds: Int64 = 0
    ) async throws -> Int64 {
        let outcome = try await driver.append(
            try delivery(id, type, of: video, at: seconds)
        )
        guard case .appended(let sequence) = outcome else {
            Issue.record("\(id) was not appended: \(outcome)")
            return 0
        }
        return sequence
    }

    func plan(_ sequence: Int64, _ chains: [RunPlan]? = nil) async throws {
        let plans = chains ?? [RunPlan(chain: "deliver", steps: ["fetch", "store", "notify"])]
        try await driver.plan([(sequence: sequence, plan: .runs(plans))])
    }

    /// Appends and plans, with chains of one step unless said otherwise.
    func appendPlanned(
        _ id: String,
        of video: String?,
        type: String = "video.completed",
        _ chains: [RunPlan] = [RunPlan(chain: "deliver", steps: ["fetch"])]
    ) async throws -> Int64 {
        let sequence = try await append(id, of: video, type: type)
        try await plan(sequence, chains)
        return sequence
    }

    func claim(
        at seconds: Int64 = 10,
        until end: Int64 = 70,
        limit: Int = 100,
        calls: [String: Int] = [:]
    ) async throws -> [Claim] {
        try await driver.claim(
            ClaimRequest(
                owner: "bench",
                now: at(seconds),
                leaseUntil: at(end),
                limit: limit,
                calls: calls
            )
        )
    }

    func claimOne(at seconds: Int64 = 10, until end: Int64 = 70) async throws -> Claim {
        let claims = try await claim(at: seconds, until: end)
        #expect(claims.count == 1)
        return try #require(claims.first)
    }

    func settle(
        _ claim: Claim,
        _ verdict: StepVerdict,
        from start: Int64 = 10,
        to end: Int64 = 20,
        lease: Int64 = 80
    ) async throws -> SettleOutcome {
        try await driver.settle(
            claim,
            verdict,
            startedAt: at(start),
            endedAt: at(end),
            leaseUntil: at(lease)
        )
    }

    func entry(_ sequence: Int64) async throws -> JournalEntry {
        try #require(try await driver.entry(sequence))
    }

    func state(_ sequence: Int64) async throws -> EventState {
        try await entry(sequence).state
    }

    func steps(_ sequence: Int64) async throws -> [StepRecord] {
        try await driver.steps(of: [sequence])[sequence] ?? []
    }

    func sequences(_ change: (inout EntryQuery) -> Void) async throws -> [Int64] {
        var query = EntryQuery()
        change(&query)
        let entries = try await driver.entries(query)
        #expect(try await driver.count(query) >= Int64(entries.count))
        return entries.map(\.sequence)
    }
}
