/// The help of the tool, of a group of commands, and of a command, made from their definitions.
struct HelpText: Sendable {
    let commands: [Command]

    /// Help for those words; that of the tool where they name nothing.
    func text(for words: [String]) -> String {
        if let command = commands.first(where: { $0.words == words }) { return text(of: command) }
        if let group = words.first {
            let members = commands.filter { $0.words.count > 1 && $0.words[0] == group }
            if !members.isEmpty { return text(ofGroup: group, members) }
        }
        return overview
    }

    private var overview: String {
        var lines = [
            "Reelhook: every finished video in your storage, whole, once, and your code told.",
            "",
            "Usage: reelhook COMMAND [OPTIONS]",
            "",
            "Commands:",
        ]
        var groups: [String] = []
        var rows: [(String, String)] = []
        for command in commands {
            if command.words.count == 1 {
                rows.append((command.name, command.summary))
            } else if !groups.contains(command.words[0]) {
                groups.append(command.words[0])
                let members = commands.filter { $0.words[0] == command.words[0] }.map {
                    $0.words[1]
                }
                rows.append((command.words[0], members.joined(separator: " | ")))
            }
        }
        lines += table(rows)
        lines += [
            "",
            "Every command takes --data DIR, --config FILE and --help.",
            "Exit status: 0 done, 1 failed, 2 wrong usage or configuration.",
            "",
            "Begin with: reelhook serve --demo",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(ofGroup group: String, _ members: [Command]) -> String {
        var lines = ["Usage: reelhook \(group) COMMAND [OPTIONS]", "", "Commands:"]
        lines += table(members.map { ($0.words[1], $0.summary) })
        lines += ["", "reelhook \(group) COMMAND --help says more about each."]
        return lines.joined(separator: "\n") + "\n"
    }

    private func text(of command: Command) -> String {
        let operands = command.operands.isEmpty ? "" : " " + command.operands
        var lines = [command.summary, "", "Usage: reelhook \(command.name)\(operands) [OPTIONS]"]
        if !command.discussion.isEmpty { lines += ["", command.discussion] }
        lines += ["", "Options:"]
        lines += table(
            command.allOptions.map { option in
                (option.name + (option.value.map { " " + $0 } ?? ""), option.help)
            }
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private func table(_ rows: [(String, String)]) -> [String] {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, text in
            "  " + name + String(repeating: " ", count: width - name.count + 2) + text
        }
    }
}
