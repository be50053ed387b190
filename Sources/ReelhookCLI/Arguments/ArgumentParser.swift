internal import Reelhook

/// Sorts the words of a call by the definitions of the commands.
struct ArgumentParser: Sendable {
    let commands: [Command]

    /// What a call asks for.
    enum Call: Sendable {
        case run(Command, ParsedArguments)
        /// Help for the tool, for a group such as `events`, or for a command.
        case help([String])
    }

    /// Finds the command and sorts what follows it.
    ///
    /// - Throws: `UsageError` for a word that is none, with the one that was probably meant.
    func parse(_ words: [String]) throws(UsageError) -> Call {
        guard let first = words.first else { throw UsageError("a command is missing") }
        if ["--help", "-h", "help"].contains(first) {
            return .help(Array(words.dropFirst().prefix { !$0.hasPrefix("-") }))
        }
        if first == "--version" { return try parse(["version"]) }
        guard let command = command(for: words) else { throw unknown(words) }
        let rest = Array(words.dropFirst(command.words.count))
        if rest.contains("--help") || rest.contains("-h") { return .help(command.words) }
        return .run(command, try sort(rest, by: command))
    }

    private func command(for words: [String]) -> Command? {
        commands.first { command in
            words.count >= command.words.count
                && Array(words.prefix(command.words.count)) == command.words
        }
    }

    private func unknown(_ words: [String]) -> UsageError {
        let group = commands.filter { $0.words.count > 1 && $0.words[0] == words[0] }
        guard !group.isEmpty else {
            return UsageError(
                "there is no command \"\(words[0])\""
                    + suggestion(words[0], Set(commands.map { $0.words[0] }))
            )
        }
        let names = group.map { $0.words[1] }
        guard words.count > 1, !words[1].hasPrefix("-") else {
            if words.contains("--help") || words.contains("-h") {
                return UsageError("", command: words[0])
            }
            return UsageError(
                "\(words[0]) needs one of: " + names.joined(separator: ", "),
                command: words[0]
            )
        }
        return UsageError(
            "there is no command \"\(words[0]) \(words[1])\"" + suggestion(words[1], Set(names)),
            command: words[0]
        )
    }

    private func sort(_ words: [String], by command: Command) throws(UsageError) -> ParsedArguments
    {
        var operands: [String] = []
        var values: [String: [String]] = [:]
        var rest = words[...]
        var takesOptions = true
        while let word = rest.popFirst() {
            guard takesOptions, word.hasPrefix("-"), word != "-" else {
                operands.append(word)
                continue
            }
            if word == "--" {
                takesOptions = false
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = command.allOptions.first(where: { $0.name == name }) else {
                throw UsageError(
                    "\(command.name) has no option \(name)"
                        + suggestion(name, Set(command.allOptions.map(\.name))),
                    command: command.name
                )
            }
            let given = try value(
                of: option,
                parts.count > 1 ? String(parts[1]) : nil,
                &rest,
                command
            )
            if values[name] != nil, !option.isRepeatable {
                throw UsageError("\(name) is given twice", command: command.name)
            }
            values[name, default: []].append(given)
        }
        guard command.operandCount.contains(operands.count) else {
            throw UsageError(countMessage(command, operands), command: command.name)
        }
        return ParsedArguments(operands: operands, values: values)
    }

    private func value(
        of option: Option,
        _ attached: String?,
        _ rest: inout ArraySlice<String>,
        _ command: Command
    ) throws(UsageError) -> String {
        guard let value = option.value else {
            guard attached == nil else {
                throw UsageError("\(option.name) takes no value", command: command.name)
            }
            return ""
        }
        if let attached { return attached }
        guard let next = rest.first, next == "-" || !next.hasPrefix("--") else {
            throw UsageError("\(option.name) needs a value: \(value)", command: command.name)
        }
        rest.removeFirst()
        return next
    }

    private func countMessage(_ command: Command, _ operands: [String]) -> String {
        guard command.operandCount.upperBound > 0 else {
            return "\(command.name) takes no operand, and was given \"\(operands[0])\""
        }
        if operands.count < command.operandCount.lowerBound {
            return "\(command.name) needs \(command.operands)"
        }
        return "\(command.name) takes no more than \(command.operandCount.upperBound) of"
            + " \(command.operands)"
    }

    private func suggestion(_ word: String, _ words: Set<String>) -> String {
        nearest(to: word, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
    }
}
