internal import ReelJSON
internal import ReelRuntime
internal import Reelhook

extension Command {
    static let doctor = Command(
        words: ["doctor"],
        summary: "Check clock, secrets, disk, limits and provider, and say what to do.",
        discussion: "Ends with 0 when nothing fails. --public-url also asks the endpoint from"
            + " outside.",
        options: [
            Option("--public-url", "URL", "the address that the provider delivers to"),
            Option.json,
        ],
        run: { arguments, tool in
            var examination = Examination(tool: tool)
            await examination.run(arguments)
            for finding in examination.findings {
                if arguments.has("--json") {
                    tool.print(finding.json)
                } else {
                    tool.print(finding.text)
                }
            }
            return examination.findings.contains { $0.verdict == .bad } ? .failed : .done
        }
    )
}

/// What one check found.
struct Finding: Sendable {
    enum Verdict: String, Sendable {
        case good = "ok"
        case doubtful = "warning"
        case bad = "failed"
    }

    /// Such as `clock`.
    let check: String
    let verdict: Verdict
    let message: String
    /// What to do about it; empty when there is nothing to do.
    let advice: String

    var text: String {
        let mark = verdict.rawValue + String(repeating: " ", count: 8 - verdict.rawValue.count)
        return mark + check + ": " + message + (advice.isEmpty ? "" : "\n        " + advice)
    }

    var json: JSONValue {
        .object([
            "check": .string(check), "verdict": .string(verdict.rawValue),
            "message": .string(message), "advice": .string(advice),
        ])
    }
}
