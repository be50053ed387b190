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
        Option("--limit", "N", "at most that many (default 50, at most 10000)"),
    ]

    private static let eventsList = Command(
        words: ["events", "list"],
        summary: "List events, newest first.",
        options: eventFilters + [
            Option("--before", "SEQUENCE", "go on before that event"), Option.json,
        ],
        run: { arguments, tool in
            var query = try EventFilter.query(arguments, tool.time)
            query.before = try arguments.integer("--before", in: 0...Int.max).map { Int64($0) }
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
                object["history"] = .array(attempts.map { EntryListing.json($0) })
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
        options: eventFilters + [Option.json],
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
            Option("--reason", "TEXT", "why; kept with the event"), Option.json,
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
        if arguments["--limit"] == nil { query.limit = 10_000 }
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

    private static func change(
        _ arguments: ParsedArguments,
        _ tool: Tool,
        path: String,
        key: String,
        _ more: JSONObject = [:]
    ) async throws -> ExitCode {
        let query = try namedEvents(arguments, tool)
        var body = more
        body["filter"] = query.json
        let request = JSONValue.object(body)
        let answer = try await Control.with(arguments, tool) { control in
            try await control.json(.post, path, request)
        }
        if arguments.has("--json") {
            tool.print(answer)
        } else if let number = answer[key]?.integer {
            tool.print("\(number) \(key)")
        } else {
            let sequences = (answer[key]?.array ?? []).compactMap(\.integer)
            tool.print(
                "\(sequences.count) \(key)" + (sequences.isEmpty ? "" : ": ")
                    + sequences.map { String($0) }.joined(separator: " ")
            )
        }
        return .done
    }
}
