internal import ReelJSON
internal import Reelhook

extension Command {
    static let version = Command(
        words: ["version"],
        summary: "Print the version.",
        options: [Option.json],
        run: { arguments, tool in
            if arguments.has("--json") {
                tool.print(.object(["version": .string(reelhookVersion)]))
            } else {
                tool.print("reelhook \(reelhookVersion)")
            }
            return .done
        }
    )

    static let completions = Command(
        words: ["completions"],
        summary: "Print a completion script for bash, zsh or fish.",
        discussion: "For bash: eval \"$(reelhook completions bash)\"",
        operands: "SHELL",
        operandCount: 1...1,
        run: { arguments, tool in
            guard let shell = Completions.Shell(rawValue: arguments.operands[0]) else {
                throw UsageError("SHELL is bash, zsh or fish", command: "completions")
            }
            tool.output.write(Completions(commands: all).script(for: shell))
            return .done
        }
    )
}
