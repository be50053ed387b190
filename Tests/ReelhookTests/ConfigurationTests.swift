import ReelEvents
import ReelHTTPClient
import ReelObservability
import Testing

@testable import Reelhook

/// Reads a configuration from texts instead of files and the process's environment.
struct ConfigurationTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func load(
        _ file: String? = nil,
        environment: [String: String] = ["OPENAI_WEBHOOK_SECRET": ConfigurationTests.secret],
        files: [String: String] = [:],
        _ change: (inout Configuration.Flags) -> Void = { _ in }
    ) throws(ConfigurationError) -> Configuration {
        var flags = Configuration.Flags()
        if file != nil { flags.configurationFile = "/etc/reelhook.json" }
        change(&flags)
        return try Configuration.load(flags: flags, environment: environment) { path in
            path == "/etc/reelhook.json" ? file : files[path]
        }
    }

    private func faults(
        _ file: String? = nil,
        environment: [String: String] = ["OPENAI_WEBHOOK_SECRET": ConfigurationTests.secret]
    ) -> [String] {
        do throws(ConfigurationError) {
            _ = try load(file, environment: environment)
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    @Test
    func `a secret alone makes a service with the standard chain`() throws {
        let configuration = try load()
        #expect(configuration.dataDirectory == "./reelhook-data")
        #expect(configuration.intake.description == "127.0.0.1:8080")
        #expect(configuration.console.description == "127.0.0.1:8081")
        #expect(configuration.endpoints.map(\.path) == ["/webhooks/openai"])
        #expect(configuration.chains.map(\.name) == ["completed"])
        #expect(configuration.chains[0].steps.map(\.name) == ["fetch", "store"])
        #expect(configuration.warnings.count == 1)
    }

    @Test(arguments: [
        ("https://video.example/v1", []),
        ("http://10.1.2.3:9000/v1", ["10.1.2.3"]),
        ("http://[fd00::1]/v1", ["fd00::1"]),
        ("http://localhost:8080/v1", ["127.0.0.0/8", "::1"]),
        ("http://127.1/v1", []),
        ("no url", []),
    ])
    func `a URL that names an address leads to that one and to no other private one`(
        _ url: String,
        _ networks: [String]
    ) throws {
        let configuration = try load(#"{"allowed_networks": ["192.168.7.0/24"]}"#)
        #expect(
            configuration.destinations(for: url)
                == .publicAnd(networks: ["192.168.7.0/24"] + networks)
        )
    }

    @Test
    func `a flag beats the environment, which beats the file`() throws {
        let file =
            #"{"data": "/file", "intake": {"listen": "127.0.0.1:1"}, "log": {"level": "error"}}"#
        let environment = [
            "OPENAI_WEBHOOK_SECRET": Self.secret, "REELHOOK_DATA": "/environment",
            "REELHOOK_LISTEN": "127.0.0.1:2",
        ]
        let configuration = try load(file, environment: environment) { flags in
            flags.dataDirectory = "/flag"
        }
        #expect(configuration.dataDirectory == "/flag")
        #expect(configuration.intake.port == 2)
        #expect(configuration.log.level == .error)
    }

    @Test
    func `three mistakes are told in three messages, each with its place`() {
        let file = """
            {
              "dta": "/somewhere",
              "intake": { "listen": 8080 },
              "dispatch": {
                "concurrency_max": 0,
              },
            }
            """
        #expect(
            faults(file) == [
                "reelhook.json:3:25 intake.listen: expected a string",
                "reelhook.json:5:24 dispatch.concurrency_max: must be from 1 to 4096, and is 0",
                "reelhook.json:2:10 dta: unknown key, did you mean \"data\"?",
            ]
        )
    }

    @Test
    func `what is over is kept for at least four days`() throws {
        let file = #"{"retention": {"finished_days": 4, "dead_days": 36525}}"#
        let retention = try load(file).retention
        #expect(retention[.finished] == .seconds(4 * 86_400))
        #expect(retention[.dead] == .seconds(36_525 * 86_400))
        #expect(retention[.unhandled] == .seconds(30 * 86_400))
        #expect(
            faults(#"{"retention": {"finished_days": 3, "replay_days": 9}}"#) == [
                "reelhook.json:1:33 retention.finished_days: must be from 4 to 36525, and is 3",
                "reelhook.json:1:51 retention.replay_days: unknown key, did you mean"
                    + " \"replays_days\"?",
            ]
        )
    }

    @Test
    func `several secrets are separated by white space`() throws {
        let environment = ["OPENAI_WEBHOOK_SECRET": "\(Self.secret)  \(Self.secret)\n"]
        let configuration = try load(environment: environment)
        #expect(configuration.endpoints[0].secrets.count == 2)
    }

    @Test
    func `without a secret and without a server nothing can be done`() {
        #expect(faults(environment: [:]).count == 1)
        #expect(faults(environment: ["OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"]).isEmpty)
    }

    @Test
    func `a secret that is named and missing is a fault without its text`() {
        let file = """
            {"endpoints": [{"name": "a", "provider": "openai", "secrets": [{"env": "ABSENT"}]}]}
            """
        #expect(
            faults(file, environment: [:]) == [
                "reelhook.json:1:64 endpoints[0].secrets[0]: the environment variable ABSENT is"
                    + " not set",
                "reelhook.json:1:16 endpoints[0]: secrets is missing: without one every delivery"
                    + " would be refused",
            ]
        )
    }

    @Test
    func `a secret is read from a file without its last line end`() throws {
        let file = """
            {"endpoints": [{"name": "openai", "secrets": [{"file": "/run/secret"}]}]}
            """
        let configuration = try load(
            file,
            environment: [:],
            files: ["/run/secret": Self.secret + "\n"]
        )
        #expect(configuration.endpoints[0].secrets[0].revealed == Self.secret)
    }

    @Test(arguments: ["not a secret", "whsec_%%%"])
    func `a malformed secret is a fault that does not repeat it`(text: String) {
        let messages = faults(environment: ["OPENAI_WEBHOOK_SECRET": text])
        #expect(!messages.isEmpty)
        #expect(messages.allSatisfy { !$0.contains("%%%") && !$0.contains("not a secret") })
    }

    @Test
    func `a notification needs a secret`() throws {
        var environment = [
            "OPENAI_WEBHOOK_SECRET": Self.secret,
            "REELHOOK_NOTIFY_URL": "http://127.0.0.1:9/hook",
        ]
        #expect(faults(environment: environment).count == 1)
        environment["REELHOOK_NOTIFY_SECRET"] = Self.secret
        let configuration = try load(environment: environment)
        #expect(configuration.chains.map(\.name) == ["completed", "failed"])
        #expect(configuration.chains[0].steps.map(\.name) == ["fetch", "store", "notify"])
    }

    @Test
    func `a console that others can reach needs a token`() throws {
        let open = ["OPENAI_WEBHOOK_SECRET": Self.secret, "REELHOOK_CONSOLE": "0.0.0.0:8081"]
        #expect(faults(environment: open).count == 1)
        var guarded = open
        guarded["REELHOOK_API_TOKEN"] = "a-token-of-thirty-two-characters"
        #expect(faults(environment: guarded).isEmpty)
    }

    @Test(arguments: [
        #"{"chains": [{"name": "a", "on": ["x"], "steps": [{"store": {}}]}]}"#,
        #"{"chains": [{"name": "a", "on": [], "steps": [{"fetch": {}}]}]}"#,
        #"{"chains": [{"name": "a", "on": ["x"], "steps": []}]}"#,
        #"{"chains": [{"name": "a", "on": ["x"], "steps": [{"fetch": {}, "store": {}}]}]}"#,
        #"{"chains": [{"name": "a", "on": ["x"], "steps": [{"run": {"command": ["ls"]}}]}]}"#,
        #"{"chains": [{"name": "A b", "on": ["x"], "steps": [{"fetch": {}}]}]}"#,
        #"{"chains": [{"name": "a", "on": ["x"], "steps": [{"fetch": {"variants": ["film"]}}]}]}"#,
        #"{"providers": [{"name": "openai", "base_url": "127.0.0.1:8000"}]}"#,
        #"{"providers": [{"name": "openai", "base_url": "http://127.0.0.1:8000"}]}"#,
        #"{"endpoints": [{"name": "other", "provider": "nobody", "secrets": ["whsec_QUJD"]}]}"#,
        #"{"console": {"token": "short"}}"#,
        #"{"allowed_networks": ["10.1.0.0/33"]}"#,
        #"{"log": {"level": "loud"}}"#,
        #"[1]"#,
        #"{"data": "#,
    ])
    func `a configuration that cannot work is refused`(file: String) {
        #expect(!faults(file).isEmpty)
    }

    @Test
    func `only a notification can be told in turn`() throws {
        let tell = #""notify": {"url": "https://a.example/", "shape": "slack"}"#
        let steps = #"{"fetch": {}}, {"store": {}}, {\#(tell), "name": "a"}, "#
        let chain = { (last: String) in
            #"{"chains": [{"name": "c", "on": ["video.completed"], "steps": [\#(steps)\#(last)]}]}"#
        }
        let inTurn = try load(chain(#"{\#(tell), "in_turn": true}"#)).chains[0].steps
        #expect(inTurn.map(\.isInTurn) == [false, false, false, true])
        let beside = try load(chain(#"{\#(tell), "in_turn": false}"#)).chains[0].steps
        #expect(beside.map(\.isInTurn) == [false, false, false, false])
        let command = #"{"run": {"command": ["/bin/true"]}, "in_turn": true}"#
        #expect(faults(chain(command)).count == 1)
    }

    @Test
    func `the sample configuration is read without a fault`() throws {
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = try #require(readSmallFile("/" + path + "/deploy/config.example.json"))
        let environment = [
            "OPENAI_WEBHOOK_SECRET": Self.secret, "OPENAI_API_KEY": "key",
            "REELHOOK_NOTIFY_SECRET": Self.secret,
            "REELHOOK_API_TOKEN": "a-token-of-thirty-two-characters",
        ]
        let configuration = try load(text, environment: environment)
        let standard = Configuration()
        #expect(configuration.server == standard.server)
        #expect(configuration.dispatch == standard.dispatch)
        #expect(configuration.polling == standard.polling)
        #expect(configuration.fetch == standard.fetch)
        #expect(configuration.journal == standard.journal)
        #expect(configuration.retention == standard.retention)
        #expect(configuration.log == standard.log)
        #expect(configuration.chains[0].steps.map(\.name) == ["fetch", "store", "tell", "run"])
    }

    @Test
    func `a secret shows itself in no description`() {
        let secret = Secret("sk-visible")
        #expect("\(secret)" == "(secret)")
        #expect(String(reflecting: secret) == "(secret)")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1:8080"), ("[::1]:0", "[::1]:0"), (":80", "0.0.0.0:80"),
        ("localhost:65535", "localhost:65535"),
    ])
    func `an address to listen on is a host and a port`(text: String, expected: String) {
        #expect(ListenAddress(text)?.description == expected)
    }

    @Test(arguments: ["", "8080", "host", "host:65536", "::1:80", "host:-1", "host:8o"])
    func `what is no address is none`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: [("dta", "data"), ("lisen", "listen"), ("evnts", "events")])
    func `a slip of the keys finds the word that was meant`(word: String, meant: String) {
        #expect(nearest(to: word, among: ["data", "listen", "events", "console"]) == meant)
    }

    @Test
    func `a word that is far from all is not guessed at`() {
        #expect(nearest(to: "xyz", among: ["data", "listen"]) == nil)
    }
}
