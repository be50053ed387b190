internal import ReelConsole
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

extension Command {
    static let status = Command(
        words: ["status"],
        summary: "Show what waits, what failed, and which targets are out.",
        discussion: "Reads the journal, beside a running service or without one.",
        options: [Option.json],
        run: { arguments, tool in
            let directory = try tool.dataDirectory(arguments)
            let isServed = await Control.isServed(directory)
            return try await JournalReader.with(directory) { journal in
                let status = try await StatusListing.read(journal.driver)
                if arguments.has("--json") {
                    var object = status.json
                    object["is_running"] = .bool(isServed)
                    tool.print(.object(object))
                } else {
                    for line in StatusText.lines(status, isServed: isServed) { tool.print(line) }
                }
                return .done
            }
        }
    )
}

/// The status in words.
enum StatusText {
    static func lines(_ status: StatusListing, isServed: Bool) -> [String] {
        var lines = ["service   " + (isServed ? "running" : "not running")]
        let counts = status.events.map { "\($0.count) \($0.state.rawValue)" }
        lines.append("events    " + (counts.isEmpty ? "none" : counts.joined(separator: ", ")))
        if let shortage = status.shortage {
            lines.append("disk      " + line(of: shortage))
        }
        for breaker in status.breakers where breaker.state != .closed {
            let state = breaker.state == .open ? "is open" : "is being tried, open"
            var line = "breaker   \(breaker.target) \(state) since \(breaker.changedAt)"
            if let reason = breaker.reason {
                line += ", " + EventText.printable(reason.description)
            }
            if let probeAt = breaker.probeAt { line += "; tried again at \(probeAt)" }
            lines.append(line)
            if let advice = breaker.reason?.advice { lines.append("          " + advice) }
        }
        for replay in status.replays {
            lines.append("replay    " + ReplayText.line(replay))
        }
        return lines
    }
}

extension StatusText {
    /// When the disk was full, in words.
    static func line(of shortage: DiskShortage) -> String {
        guard let end = shortage.until else {
            return "is full since \(shortage.since): nothing new is taken in; make room"
        }
        return "was full from \(shortage.since) to \(end)"
    }
}

/// A replay in words.
enum ReplayText {
    static func line(_ job: ReplayJob) -> String {
        "\(job.number): \(job.state.rawValue), \(job.replayedCount) of \(job.matchedCount)"
            + " at \(Double(job.rate) / 1000) a second"
    }
}
