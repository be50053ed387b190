internal import ReelConsole
internal import ReelHTTP
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime
internal import Reelhook

extension Command {
    /// The journal: what came, and what became of it.
    static let events = [eventsList, eventsShow, eventsTail, eventsRetry, eventsDiscard] + replays

    /// Which events a command is about.
    static let eventFilters = [
        Option(
            "--type",
            "TYPE",
            "only events of that type, such as video.completed",
            isRepeatable: true
        ),
        Option("--state", "STATE", "only events in that state", isRepeatable: true),
        Option("--video", "ID", "only events of that video"),
        Option("--event", "ID", "only the event with that id"),
        Option("--webhook-id", "ID", "only what was delivered under that webhook-id"),
        Option("--origin", "ORIGIN", "webhook, poll or replay"),
        Option("--since", "TIME", "received at or after: RFC 3339, or a span ago such as 2h"),
        Option("--until", "TIME", "received before: RFC 3339, or a span ago"),
    ]

    private static let deadLimit = Option(
        "--limit",
        "N",
        "only that many, newest first (default: all that match)"
    )

    private static let eventsList = Command(
        words: ["events", "list"],
        summary: "List events, newest first.",
        options: eventFilters + [
            Option("--limit", "N", "at most that many (default 50, at most 10000)"),
            Option("--before", "SEQUENCE", "go on before that event"), Option.json,
        ],
        run: { arguments, tool in
            var query = try EventFilter.query(arguments, tool.time)
            query.before = try arguments.integer("--before", in: 0...Int.max).map { Int64($0) }
            query.limit = try arguments.integer("--limit", in: 1...10_000) ?? 50
            let wanted = query
            try await JournalReader.with(try tool.dataDirectory(arguments)) { journal in
                for (entry, json) in try await journal.listing(wanted) {
                    if arguments.has("--json") {
                        tool.print(json)
                    } else {
                        tool.print(EventText.line(entry, json))
                    }
                }
            }
            return .done
        }
    )

    private static let eventsShow = Command(
        words: ["events", "show"],
        summary: "Show one event with every step and attempt.",
        operands: "SEQUENCE|EVENT-ID|WEBHOOK-ID",
        operandCount: 1...1,
        options: [Option.json],
        run: { arguments, tool in
            let name = arguments.operands[0]
            return try await JournalReader.with(try tool.dataDirectory(arguments)) { journal in
                guard let entry = try await EventFilter.find(name, journal) else {
                    throw Failure("there is no event \(name)")
                }
                let steps = try await journal.driver.steps(of: [entry.sequence])[entry.sequence]
                let attempts = try await journal.driver.attempts(of: entry.sequence)
                var object = EntryListing.json(entry, steps: steps ?? []).object ?? JSONObject()
                let count = try await journal.driver.attemptCount(of: entry.sequence)
                object["history"] = .array(attempts.map { EntryListing.json($0) })
                object["history_count"] = .integer(count)
                if count > attempts.count {
                    tool.say("history: \(attempts.count) attempts are kept of \(count)")
                }
                object["payload"] =
                    (try? JSONParser.parse(entry.body))
                    ?? .string(String(decoding: entry.body, as: UTF8.self))
                let whole = JSONValue.object(object)
                if arguments.has("--json") {
                    tool.print(whole)
                } else {
                    tool.output.write(whole.serialized(indent: 2) + [10])
                }
                return .done
            }
        }
    )

    private static let eventsTail = Command(
        words: ["events", "tail"],
        summary: "Follow the journal as it grows.",
        discussion: "Goes on across a restart of the service. --after SEQUENCE goes on after that"
            + " event; 0 begins at the beginning.",
        options: [
            Option("--after", "SEQUENCE", "the cursor to go on from (default: only what is new)"),
            Option("--type", "TYPE", "only events of that type", isRepeatable: true),
            Option("--video", "ID", "only events of that video"),
            Option("--count", "N", "end after that many"),
            Option.json,
        ],
        run: { arguments, tool in
            let count = try arguments.integer("--count", in: 1...Int.max)
            let after = try arguments.integer("--after", in: 0...Int.max)
            var query = try EventFilter.query(arguments, tool.time)
            query.order = .oldestFirst
            query.limit = 200
            query.after = after.map { Int64($0) }
            try await Tail(tool: tool, isJSON: arguments.has("--json"), count: count)
                .follow(try tool.dataDirectory(arguments), query)
            return .done
        }
    )

    private static let eventsRetry = Command(
        words: ["events", "retry"],
        summary: "Make dead letters due again, one or by filter.",
        operands: "[SEQUENCE…]",
        operandCount: 0...1000,
        options: eventFilters + [deadLimit, Option.json],
        run: { arguments, tool in
            try await change(arguments, tool, path: "/control/events/retry", key: "retried")
        }
    )

    private static let eventsDiscard = Command(
        words: ["events", "discard"],
        summary: "Set dead letters aside for good, with a reason.",
        operands: "[SEQUENCE…]",
        operandCount: 0...1000,
        options: eventFilters + [
            deadLimit, Option("--reason", "TEXT", "why; kept with the event"), Option.json,
        ],
        run: { arguments, tool in
            var more = JSONObject()
            more["reason"] = arguments["--reason"].map { .string($0) }
            return try await change(
                arguments,
                tool,
                path: "/control/events/discard",
                key: "discarded",
                more
            )
        }
    )

    /// The events that the operands or a filter name; without either it would be all of them.
    static func namedEvents(
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) throws(UsageError) -> EntryQuery {
        var query = try EventFilter.query(arguments, tool.time)
        if !arguments.operands.isEmpty {
            query.sequences = try arguments.operands.map { text throws(UsageError) in
                guard let sequence = Int64(text), sequence > 0 else {
                    throw UsageError("\(text) is not a sequence number")
                }
                return sequence
            }
        } else if !eventFilters.contains(where: { arguments.has($0.name) }) {
            throw UsageError("name the events, by their sequence numbers or by a filter")
        }
        return query
    }

    /// Whether the command says which events it means, and not which kind of events.
    static func isByName(_ arguments: ParsedArguments) -> Bool {
        !arguments.operands.isEmpty || arguments.has("--event") || arguments.has("--webhook-id")
    }

    /// The events that one request changes, so that each is soon answered.
    private static let batchCountMax = 500

    private static func change(
        _ arguments: ParsedArguments,
        _ tool: Tool,
        path: String,
        key: String,
        _ more: JSONObject = [:]
    ) async throws -> ExitCode {
        var query = try namedEvents(arguments, tool)
        var left = try arguments.integer("--limit", in: 1...Int.max) ?? .max
        let changed = try await Control.with(arguments, tool) { control in
            var changed: [Int64] = []
            while left > 0 {
                query.limit = min(left, batchCountMax)
                left -= query.limit
                var body = more
                body["filter"] = query.json
                let answer = try await control.json(.post, path, .object(body))
                changed += (answer[key]?.array ?? []).compactMap(\.integer)
                guard let next = answer["next"]?.integer else { break }
                query.before = next
            }
            return changed
        }
        if arguments.has("--json") {
            tool.print(.object([key: .array(changed.map { .integer($0) })]))
        } else {
            tool.print(
                "\(changed.count) \(key)" + (changed.isEmpty ? "" : ": ")
                    + changed.map { String($0) }.joined(separator: " ")
            )
        }
        let missed = (query.sequences ?? []).filter { !changed.contains($0) }
        guard missed.isEmpty || arguments.has("--limit") else {
            let list = missed.map { String($0) }.joined(separator: " ")
            throw Failure("no dead letter that matches: \(list)")
        }
        guard !changed.isEmpty || !isByName(arguments) else {
            throw Failure("there is no such dead letter")
        }
        return .done
    }
}
