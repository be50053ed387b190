internal import Glibc
internal import Reelhook

/// The command line.
@main
struct Main {
    static func main() async {
        let tool = Tool.live()
        let code = await run(Array(CommandLine.arguments.dropFirst()), tool)
        exit(code.rawValue)
    }

    /// Runs the command that the words name.
    static func run(_ words: [String], _ tool: Tool) async -> ExitCode {
        let commands = Command.all
        let help = HelpText(commands: commands)
        do {
            switch try ArgumentParser(commands: commands).parse(words) {
            case .help(let words):
                tool.output.write(help.text(for: words))
                return .done
            case .run(let command, let arguments):
                return try await command.run(arguments, tool)
            }
        } catch let error as UsageError {
            return explain(error, help, tool)
        } catch let error as ConfigurationError {
            for fault in error.faults { tool.say("reelhook: " + fault.description) }
            return .usage
        } catch let error as Failure {
            tool.say("reelhook: " + error.message)
            return .failed
        } catch {
            tool.say("reelhook: \(error)")
            return .failed
        }
    }

    private static func explain(_ error: UsageError, _ help: HelpText, _ tool: Tool) -> ExitCode {
        if error.message.isEmpty, let command = error.command {
            tool.output.write(help.text(for: [command]))
            return .done
        }
        tool.say("reelhook: " + error.message)
        tool.say("Try: reelhook \(error.command.map { $0 + " " } ?? "")--help")
        return .usage
    }
}

/// Why a command could not do what it was asked, in words for its user.
struct Failure: Error, Sendable {
    let message: String

    init(_ message: String) { self.message = message }
}

extension Command {
    /// Every command, in the order of the help.
    static let all: [Command] =
        [serve, emulate, send, sign, verify] + events + videos + endpoint
        + [status, check, backup, restore, doctor, version, completions]
}
