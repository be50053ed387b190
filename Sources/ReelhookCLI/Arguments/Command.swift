/// A command of the tool: what it takes, and what it does.
struct Command: Sendable {
    /// The words that call it, such as `["events", "list"]`.
    let words: [String]
    let summary: String
    /// What follows the summary in its help: one paragraph, or examples.
    var discussion = ""
    /// How its operands are shown, such as `FILE…`; empty when it takes none.
    var operands = ""
    var operandCount: ClosedRange<Int> = 0...0
    var options: [Option] = []
    let run: @Sendable (ParsedArguments, Tool) async throws -> ExitCode

    var name: String { words.joined(separator: " ") }
    var allOptions: [Option] { options + Option.common }
}

/// The status that the process ends with.
enum ExitCode: Int32, Sendable {
    case done = 0
    case failed = 1
    /// Wrong usage or configuration.
    case usage = 2
}

/// The words of a call, sorted out by a command's definition.
struct ParsedArguments: Sendable {
    let operands: [String]
    private let values: [String: [String]]

    init(operands: [String], values: [String: [String]]) {
        self.operands = operands
        self.values = values
    }

    func has(_ option: String) -> Bool { values[option] != nil }

    /// The value that was given last.
    subscript(_ option: String) -> String? { values[option]?.last }

    func all(_ option: String) -> [String] { values[option] ?? [] }

    /// A whole number in a range.
    ///
    /// - Throws: `UsageError` for anything else.
    func integer(_ option: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = self[option] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(
                "\(option) takes a whole number from \(range.lowerBound) to \(range.upperBound),"
                    + " not \(text)"
            )
        }
        return number
    }

    /// A probability, as `0.3` or `30%`.
    ///
    /// - Throws: `UsageError` for anything else.
    func probability(_ option: String) throws(UsageError) -> Double? {
        guard let text = self[option] else { return nil }
        let isPercentage = text.hasSuffix("%")
        let number = Double(isPercentage ? String(text.dropLast()) : text)
        guard let number, number.isFinite else {
            throw UsageError("\(option) takes a share such as 0.3 or 30%, not \(text)")
        }
        let share = isPercentage ? number / 100 : number
        guard (0...1).contains(share) else {
            throw UsageError("\(option) takes a share from 0 to 1, or 0% to 100%, not \(text)")
        }
        return share
    }

    /// A span such as `250ms`, `30s`, `5m`, `2h`, `7d`, or a number of seconds.
    ///
    /// - Throws: `UsageError` for anything else.
    func span(_ option: String) throws(UsageError) -> Duration? {
        guard let text = self[option] else { return nil }
        guard let span = Duration(shortForm: text) else {
            throw UsageError("\(option) takes a span such as 250ms, 30s, 5m or 2h, not \(text)")
        }
        return span
    }
}

/// A call that cannot be understood; the message says what would be.
struct UsageError: Error, Sendable {
    let message: String
    /// The command whose help is to be read, if one was recognised.
    var command: String?

    init(_ message: String, command: String? = nil) {
        self.message = message
        self.command = command
    }
}

extension Duration {
    /// Reads `250ms`, `30s`, `5m`, `2h`, `7d`, or a plain number of seconds; at most ten years.
    init?(shortForm text: String) {
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number), value.isFinite else { return nil }
        let factor: Double? =
            switch text.dropFirst(number.count) {
            case "ms": 0.001
            case "", "s": 1
            case "m": 60
            case "h": 3600
            case "d": 86_400
            default: nil
            }
        guard let factor, value * factor <= 315_360_000 else { return nil }
        self = .milliseconds(Int64((value * factor * 1000).rounded()))
    }
}
