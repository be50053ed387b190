import Testing

@testable import ReelhookCLI

struct ArgumentParserTests {
    private let parser = ArgumentParser(commands: Command.all)

    private func message(_ words: [String]) -> String? {
        do throws(UsageError) {
            _ = try parser.parse(words)
            return nil
        } catch {
            return error.message
        }
    }

    @Test(arguments: [
        (["serv"], "there is no command \"serv\"; did you mean \"serve\"?"),
        (["events", "lst"], "there is no command \"events lst\"; did you mean \"list\"?"),
        (["serve", "--lisen", "x"], "serve has no option --lisen; did you mean \"--listen\"?"),
        (["serve", "--listen"], "--listen needs a value: HOST:PORT"),
        (["serve", "--demo=yes"], "--demo takes no value"),
        (["serve", "--data", "a", "--data", "b"], "--data is given twice"),
        (["serve", "now"], "serve takes no operand, and was given \"now\""),
        (["sign"], "sign needs FILE"),
        ([], "a command is missing"),
    ])
    func `a wrong word gets a message that helps`(words: [String], expected: String) {
        #expect(message(words) == expected)
    }

    @Test
    func `options and operands are sorted out in any order`() throws {
        let call = try parser.parse(
            ["send", "--to=http://h/p", "a.json", "--repeat", "3", "--", "--odd.json"]
        )
        guard case .run(let command, let arguments) = call else {
            Issue.record("expected a command")
            return
        }
        #expect(command.name == "send")
        #expect(arguments.operands == ["a.json", "--odd.json"])
        #expect(arguments["--to"] == "http://h/p")
        #expect(try arguments.integer("--repeat", in: 1...9) == 3)
    }

    @Test(arguments: [("0.3", 0.3), ("30%", 0.3), ("0", 0), ("100%", 1)])
    func `a share is a number or a percentage`(text: String, share: Double) throws {
        let arguments = ParsedArguments(operands: [], values: ["--cut": [text]])
        #expect(try arguments.probability("--cut") == share)
    }

    @Test(arguments: ["1.1", "-1", "101%", "some", "%", "nan"])
    func `what is no share is refused`(text: String) {
        let arguments = ParsedArguments(operands: [], values: ["--cut": [text]])
        #expect(throws: UsageError.self) { try arguments.probability("--cut") }
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("30", .seconds(30)), ("5m", .seconds(300)),
        ("1.5h", .seconds(5400)), ("7d", .seconds(604_800)),
    ])
    func `a span has a unit or is in seconds`(text: String, span: Duration) {
        #expect(Duration(shortForm: text) == span)
    }

    @Test(arguments: ["", "s", "5 m", "5y", "-3s", "99999999999d"])
    func `what is no span is refused`(text: String) {
        #expect(Duration(shortForm: text) == nil)
    }

    @Test
    func `every command of the contract is there, with help`() {
        let names = [
            "serve", "emulate", "send", "sign", "verify", "events list", "events show",
            "events tail", "events retry", "events replay", "videos list", "videos get",
            "videos create", "videos track", "videos wait", "videos download", "videos remix",
            "videos delete", "doctor", "version", "completions",
        ]
        let help = HelpText(commands: Command.all)
        for name in names {
            let words = name.split(separator: " ").map(String.init)
            #expect(Command.all.contains { $0.words == words }, "\(name)")
            #expect(help.text(for: words).contains("Usage: reelhook \(name)"))
        }
    }

    @Test(arguments: Completions.Shell.allCases)
    func `a completion script names every command`(shell: Completions.Shell) {
        let script = Completions(commands: Command.all).script(for: shell)
        for command in Command.all { #expect(script.contains(command.words[0])) }
    }
}
