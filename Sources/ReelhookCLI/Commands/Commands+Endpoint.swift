internal import ReelHTTP
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

extension Command {
    /// The provider's webhook endpoints.
    static let endpoint = [
        endpointCreate, endpointList, endpointRotate, endpointTest, endpointDelete,
    ]

    private static let provider = Option("--provider", "NAME", "the provider (default: the first)")
    private static let name = Option(
        "--endpoint",
        "NAME",
        "the intake's endpoint (default: the provider's first)"
    )
    private static let usualTypes = ["video.completed", "video.failed"]

    private static let endpointCreate = Command(
        words: ["endpoint", "create"],
        summary: "Register the intake's public URL at the provider, and keep the signing secret.",
        discussion: """
            The secret is kept in the data directory and used at once, also by a running service. It
            is shown nowhere.
            """,
        operands: "URL",
        operandCount: 1...1,
        options: [
            Option("--name", "NAME", "what the provider calls it (default Reelhook)"),
            Option("--event", "TYPE", "a type of event (default: of videos)", isRepeatable: true),
            provider, name, Option.json,
        ],
        run: { arguments, tool in
            let types = arguments.has("--event") ? arguments.all("--event") : usualTypes
            var body: JSONObject = [
                "url": .string(arguments.operands[0]),
                "types": .array(types.map { .string($0) }),
            ]
            if let name = arguments["--name"] { body["name"] = .string(name) }
            if let name = arguments["--endpoint"] { body["endpoint"] = .string(name) }
            let made = try await ask(.post, "", body, arguments, tool)
            show(made, arguments, tool)
            return .done
        }
    )

    private static let endpointList = Command(
        words: ["endpoint", "list"],
        summary: "List the webhook endpoints that the provider has.",
        discussion: """
            Of an endpoint that was rotated it says until when the old secret is good, too.
            """,
        options: [provider, Option.json],
        run: { arguments, tool in
            let listed = try await ask(.get, "", nil, arguments, tool)
            for one in listed["data"]?.array ?? [] { show(one, arguments, tool) }
            return .done
        }
    )

    private static let endpointRotate = Command(
        words: ["endpoint", "rotate"],
        summary: "Give an endpoint another signing secret; both are good for a day.",
        operands: "ID",
        operandCount: 1...1,
        options: [
            Option("--at-once", nil, "the old secret dies now, as after a leak"), provider, name,
            Option.json,
        ],
        run: { arguments, tool in
            var body: JSONObject = ["keep_old": .bool(!arguments.has("--at-once"))]
            if let name = arguments["--endpoint"] { body["endpoint"] = .string(name) }
            let path = try segment(arguments) + "/rotate"
            show(try await ask(.post, path, body, arguments, tool), arguments, tool)
            return .done
        }
    )

    private static let endpointTest = Command(
        words: ["endpoint", "test"],
        summary: "Have a test event sent, and wait until it is in the journal.",
        discussion: """
            The event is about no video, so that one of the type video.completed ends among the dead
            letters. It is told by the id that the provider names for it. A provider that names none
            has sent it before it answers: it is then the one event of that type and endpoint that
            came meanwhile and is about a video that was not known. Where there are several, the
            command says so and fails.
            """,
        operands: "ID",
        operandCount: 1...1,
        options: [
            Option("--type", "TYPE", "the type of the event (default video.failed)"),
            Option("--wait", "SPAN", "how long to wait for it (default 30s)"), provider,
            Option.json,
        ],
        run: { arguments, tool in
            let type = arguments["--type"] ?? "video.failed"
            let patience = try arguments.span("--wait") ?? .seconds(30)
            let path = try segment(arguments) + "/test"
            let sent = try await ask(.post, path, ["type": .string(type)], arguments, tool)
            let status = sent["status_code"]?.integer ?? 0
            guard (200...299).contains(status) else {
                throw Failure(
                    "the provider sent the event and was answered "
                        + (status > 0 ? "\(status)" : "not at all")
                )
            }
            let entry = try await arrival(
                of: TestEvent(type: type, sent: sent),
                patience,
                try tool.dataDirectory(arguments),
                tool
            )
            if arguments.has("--json") {
                tool.print(entry)
            } else {
                tool.print("event \(entry["sequence"]?.integer ?? 0) arrived")
            }
            return .done
        }
    )

    private static let endpointDelete = Command(
        words: ["endpoint", "delete"],
        summary: "Delete an endpoint at the provider, and its secrets here.",
        operands: "ID",
        operandCount: 1...1,
        options: [provider, Option.json],
        run: { arguments, tool in
            let gone = try await ask(.delete, try segment(arguments), nil, arguments, tool)
            show(gone, arguments, tool)
            return .done
        }
    )

    private static func ask(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONObject?,
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) async throws -> JSONValue {
        var target = "/control/endpoints" + (path.isEmpty ? "" : "/" + path)
        if let name = arguments["--provider"] {
            target += "?provider=" + percentEncoded(name)
        }
        let asked = target
        return try await Control.with(arguments, tool) { control in
            try await control.json(method, asked, body.map { .object($0) })
        }
    }

    /// The id as a segment of a path.
    private static func segment(_ arguments: ParsedArguments) throws(UsageError) -> String {
        let id = arguments.operands[0]
        let isPlain = id.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
            default: false
            }
        }
        guard !id.isEmpty, isPlain else { throw UsageError("\(id) is no endpoint's id") }
        return id
    }

    /// The test event once it is in the journal.
    private static func arrival(
        of event: TestEvent,
        _ patience: Duration,
        _ dataDirectory: String,
        _ tool: Tool
    ) async throws -> JSONValue {
        let end = tool.time.uptime() + patience
        while true {
            let found = try await JournalReader.with(dataDirectory) { try await event.find(in: $0) }
            switch found {
            case .arrived(let entry, let isCertain):
                if !isCertain {
                    tool.say("the provider names no id; this is the only event that it can be")
                }
                return entry
            case .unclear(let sequences):
                throw Failure(
                    "the event was sent and taken; the provider names no id, and it can be any of"
                        + " the events " + sequences.map { "\($0)" }.joined(separator: ", ")
                )
            case .missing:
                guard tool.time.uptime() < end else {
                    throw Failure("the event was sent and taken, and is not in this journal")
                }
            }
            try await tool.time.sleep(for: .milliseconds(200))
        }
    }

    private static func show(_ one: JSONValue, _ arguments: ParsedArguments, _ tool: Tool) {
        if arguments.has("--json") { return tool.print(one) }
        let types = (one["event_types"]?.array ?? []).compactMap(\.string).joined(separator: ",")
        let old = one["old_secret_ends_at"]?.string.map { "old secret good until \($0)" }
        let words = [one["id"]?.string, one["url"]?.string, types.isEmpty ? nil : types, old]
        tool.print(words.compactMap(\.self).joined(separator: "  "))
    }
}
