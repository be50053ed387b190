internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime
internal import ReelWebhooks
internal import Reelhook

extension Command {
    static let send = Command(
        words: ["send"],
        summary: "Sign event files and post them, as the provider would.",
        discussion: "Waits for and prints what became of each when the journal can be read.",
        operands: "FILE…",
        operandCount: 1...10_000,
        options: [
            Option("--to", "URL", "the endpoint (default: the intake's /webhooks/openai)"),
            Option("--secret", "SECRET", "the signing secret (default OPENAI_WEBHOOK_SECRET)"),
            Option("--rate", "N", "deliveries a second at most"),
            Option("--repeat", "N", "post each file that many times (default 1)"),
            Option("--id", "ID", "the webhook-id, the same for all (default: a new one for each)"),
            Option("--timestamp", "SECONDS", "the webhook-timestamp (default: now)"),
            Option("--wait", "SPAN", "how long to wait for the outcome (default 30s; 0 for not)"),
            Option.json,
        ],
        run: { arguments, tool in
            let sender = try Sender(arguments, tool)
            return try await sender.run(arguments.operands)
        }
    )
}

/// Posts deliveries one after another and looks up what became of them.
private struct Sender {
    private let arguments: ParsedArguments
    private let tool: Tool
    private let client = HTTPClient()
    private let signer: WebhookSigner
    private let url: String
    private let interval: Duration
    private let repeats: Int
    private let patience: Duration
    private let journal: JournalReader?

    init(_ arguments: ParsedArguments, _ tool: Tool) throws {
        self.arguments = arguments
        self.tool = tool
        signer = WebhookSigner(secrets: try Command.signingSecrets(arguments, tool))
        let listen =
            (arguments["--listen"] ?? tool.environment["REELHOOK_LISTEN"]).flatMap(
                ListenAddress.init
            ) ?? ListenAddress(host: "127.0.0.1", port: 8080)
        url = arguments["--to"] ?? "http://\(listen)/webhooks/openai"
        guard HTTPURL(url) != nil else { throw UsageError("--to takes an http or https URL") }
        let rate = try arguments.integer("--rate", in: 1...100_000)
        interval = rate.map { .nanoseconds(1_000_000_000 / $0) } ?? .zero
        repeats = try arguments.integer("--repeat", in: 1...1_000_000) ?? 1
        patience = try arguments.span("--wait") ?? .seconds(30)
        let directory = try tool.dataDirectory(arguments)
        journal = patience > .zero ? try? JournalReader.open(directory) : nil
    }

    func run(_ files: [String]) async throws -> ExitCode {
        var isDone = true
        do {
            for file in files {
                let body = try Command.readInput(file)
                for _ in 0..<repeats {
                    isDone = try await send(file, body) && isDone
                    if interval > .zero { try await tool.time.sleep(for: interval) }
                }
            }
        } catch {
            await finish()
            throw error
        }
        await finish()
        return isDone ? .done : .failed
    }

    private func finish() async {
        await client.stop()
        await journal?.driver.close()
    }

    /// Posts one delivery; false when it was refused, or its event became a dead letter.
    private func send(_ file: String, _ body: [UInt8]) async throws -> Bool {
        let (id, moment) = try Command.identity(arguments, tool)
        var fields = signer.headers(id: id, at: moment, body: body)
        fields.append("Content-Type", "application/json")
        let request = HTTPClientRequest(.post, url, fields: fields, body: body)
        let start = tool.time.uptime()
        let response: HTTPClientResponse
        do throws(HTTPClientError) {
            response = try await client.send(request)
        } catch {
            throw Failure("\(file) could not be posted: \(error.description)")
        }
        let milliseconds = (tool.time.uptime() - start).inSeconds * 1000
        var outcome: JSONObject = [
            "file": .string(file),
            "webhook_id": .string(id),
            "status": .integer(response.status.code),
            "milliseconds": .number(JSONNumber((milliseconds * 100).rounded() / 100)),
        ]
        let answer = try? JSONParser.parse(response.body)
        outcome["duplicate"] = .bool(answer?["duplicate"]?.bool ?? false)
        var isDone = response.status.isSuccess
        if isDone, let journal, let found = try await settled(id, journal) {
            for name in ["sequence", "state", "reason", "steps"] { outcome[name] = found[name] }
            isDone = found["state"]?.string != EventState.dead.rawValue
        }
        show(outcome)
        return isDone
    }

    /// The entry of that delivery once it has come to an end, or as it is when patience is over.
    private func settled(_ id: String, _ journal: JournalReader) async throws -> JSONValue? {
        var query = EntryQuery()
        query.webhookID = id
        query.limit = 1
        let start = tool.time.uptime()
        var latest: JSONValue?
        while tool.time.uptime() - start < patience {
            latest = try await journal.listing(query).first?.json ?? latest
            let state = latest?["state"]?.string.flatMap(EventState.init(rawValue:))
            switch state {
            case .done, .dead, .discarded, .unhandled, .duplicate, .contradicted: return latest
            case .pending, .running, .waiting, nil: break
            }
            // Nothing of it at all: the delivery went to a service with another data directory.
            if latest == nil, tool.time.uptime() - start > .seconds(2) { return nil }
            try await tool.time.sleep(for: .milliseconds(50))
        }
        return latest
    }

    private func show(_ outcome: JSONObject) {
        guard !arguments.has("--json") else { return tool.print(.object(outcome)) }
        let value = JSONValue.object(outcome)
        var text = "\(value["file"]?.string ?? ""): \(value["status"]?.integer ?? 0)"
        if value["duplicate"]?.bool == true { text += " duplicate" }
        text += " in \(value["milliseconds"]?.double ?? 0) ms"
        if let sequence = value["sequence"]?.integer, let state = value["state"]?.string {
            text += "; event \(sequence) \(state)"
            let steps = (value["steps"]?.array ?? []).compactMap { step in
                step["name"]?.string.map { "\($0) \(step["state"]?.string ?? "")" }
            }
            if !steps.isEmpty { text += ": " + steps.joined(separator: ", ") }
            if let reason = value["reason"]?.string { text += " (\(reason))" }
        }
        tool.print(text)
    }
}
