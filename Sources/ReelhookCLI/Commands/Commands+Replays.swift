internal import ReelConsole
internal import ReelHTTP
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

extension Command {
    /// Replays: begun, listed, stopped and continued.
    static let replays = [eventsReplay, eventsReplays]

    private static let eventsReplay = Command(
        words: ["events", "replay"],
        summary: "Run stored events through their chains again, on purpose.",
        discussion: "Each replay is an entry of its own, with origin replay; also an event that no"
            + " chain took can be replayed. A filter leaves out what was replayed itself, and"
            + " duplicate and contradicted entries unless --state names them. --dry-run counts"
            + " what would be replayed. The service does the work, oldest first, and goes on after"
            + " a restart; an interrupt ends only the waiting.",
        operands: "[SEQUENCE…]",
        operandCount: 0...1000,
        options: eventFilters + [
            Option("--limit", "N", "only that many, oldest first (default: all that match)"),
            Option("--rate", "N", "events a second, such as 10 or 0.5 (default 100)"),
            Option("--dry-run", nil, "only count what matches"),
            Option("--detach", nil, "do not wait for its end"),
            Option("--stop", "REPLAY", "stop the replay of that number"),
            Option("--continue", "REPLAY", "let it go on where it stopped"),
            Option.json,
        ],
        run: { arguments, tool in
            for (option, word) in [("--stop", "stop"), ("--continue", "continue")] {
                guard let number = try arguments.integer(option, in: 1...Int.max) else { continue }
                return try await Control.with(arguments, tool) { control in
                    let job = try await control.json(.post, "/control/replays/\(number)/\(word)")
                    return try await wait(for: job, control, arguments, tool)
                }
            }
            let body = try replayRequest(arguments, tool)
            return try await Control.with(arguments, tool) { control in
                let path = "/control/events/replay"
                let answer = try await control.json(.post, path, .object(body))
                if arguments.has("--dry-run") {
                    report(answer, "matched", arguments, tool)
                    return .done
                }
                return try await wait(for: answer, control, arguments, tool)
            }
        }
    )

    private static let eventsReplays = Command(
        words: ["events", "replays"],
        summary: "List replays and how far they have come, newest first.",
        options: [Option.json],
        run: { arguments, tool in
            try await JournalReader.with(try tool.dataDirectory(arguments)) { journal in
                for job in try await journal.driver.replays() {
                    if arguments.has("--json") {
                        tool.print(EntryListing.json(job))
                    } else {
                        tool.print(ReplayText.line(job))
                    }
                }
            }
            return .done
        }
    )

    private static func replayRequest(
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) throws(UsageError) -> JSONObject {
        let query = try namedEvents(arguments, tool)
        var body: JSONObject = [
            "filter": query.json, "dry_run": .bool(arguments.has("--dry-run")),
        ]
        body["limit"] = try arguments.integer("--limit", in: 1...Int.max).map { .integer($0) }
        if let text = arguments["--rate"] {
            guard let rate = Double(text), (0.001...10_000).contains(rate) else {
                throw UsageError("--rate takes events a second from 0.001 to 10000, not \(text)")
            }
            body["rate"] = .integer(Int64((rate * 1000).rounded()))
        }
        return body
    }

    /// Waits until a replay that runs is done or stopped, and tells how far it came.
    private static func wait(
        for job: JSONValue,
        _ control: Control,
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) async throws -> ExitCode {
        let progress = ProgressLine(tool)
        defer { progress.end() }
        var latest = job
        guard let number = job["replay"]?.integer else {
            report(job, "replayed", arguments, tool)
            guard !isByName(arguments) else { throw Failure("no event matches") }
            return .done
        }
        try await control.finishReplay(number)
        while latest["state"]?.string == "running", !arguments.has("--detach") {
            latest = try await control.json(.get, "/control/replays/\(number)")
            let done = latest["replayed"]?.integer ?? 0
            progress.show("\(done) of \(latest["matched"]?.integer ?? 0) replayed")
            guard latest["state"]?.string == "running" else { break }
            try await tool.time.sleep(for: .milliseconds(200))
        }
        progress.end()
        report(latest, "replayed", arguments, tool)
        let named = Set(arguments.operands).count
        let matched = latest["matched"]?.integer ?? 0
        guard matched >= named || arguments.has("--limit") else {
            throw Failure("\(matched) of the \(named) events that were named match")
        }
        return .done
    }

    private static func report(
        _ answer: JSONValue,
        _ key: String,
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) {
        if arguments.has("--json") { return tool.print(answer) }
        let state = answer["state"]?.string.map { $0 == "done" ? "" : ", \($0)" } ?? ""
        let number = answer["replay"]?.integer.map { " (replay \($0)\(state))" } ?? ""
        tool.print("\(answer[key]?.integer ?? 0) \(key)\(number)")
    }
}
