import Glibc
import ReelCrypto
import ReelHTTPServer
import Testing

@testable import Reelhook

struct ListenerConfigurationTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func load(
        _ file: String = "{}",
        environment: [String: String] = [:],
        _ change: (inout Configuration.Flags) -> Void = { _ in }
    ) throws(ConfigurationError) -> Configuration {
        var flags = Configuration.Flags()
        flags.configurationFile = "/etc/reelhook.json"
        change(&flags)
        let all = environment.merging(["OPENAI_WEBHOOK_SECRET": Self.secret]) { $1 }
        return try Configuration.load(flags: flags, environment: all) { path in
            path == "/etc/reelhook.json" ? file : nil
        }
    }

    private func faults(
        _ file: String,
        environment: [String: String] = [:]
    ) -> [String] {
        do throws(ConfigurationError) {
            _ = try load(file, environment: environment)
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    @Test func `without a certificate both listeners speak plain HTTP`() throws {
        let configuration = try load()
        #expect(configuration.intakeTLS == nil)
        #expect(configuration.consoleTLS == nil)
    }

    @Test func `every key of a certificate is taken over`() throws {
        let configuration = try load(
            """
            {"intake": {"tls": {"certificate": "/c.pem", "key": "/k.pem",
              "minimum_version": "1.3", "handshake_timeout_seconds": 3,
              "check_interval_seconds": 7}},
             "console": {"tls": {"certificate": "/d.pem", "key": "/l.pem"}}}
            """
        )
        var settings = TLSSettings(certificatePath: "/c.pem", keyPath: "/k.pem")
        settings.oldestVersion = .tls13
        settings.handshakeTimeout = .seconds(3)
        settings.checkInterval = .seconds(7)
        #expect(configuration.intakeTLS == settings)
        let standard = TLSSettings(certificatePath: "/d.pem", keyPath: "/l.pem")
        #expect(configuration.consoleTLS == standard)
        #expect(standard.oldestVersion == .tls12)
    }

    @Test func `flags and the environment name other files`() throws {
        let file = #"{"intake": {"tls": {"certificate": "/c", "key": "/k"}}}"#
        let names = ["REELHOOK_TLS_CERTIFICATE": "/e"]
        let configuration = try load(file, environment: names) { $0.key = "/f" }
        #expect(configuration.intakeTLS?.certificatePath == "/e")
        #expect(configuration.intakeTLS?.keyPath == "/f")
    }

    @Test(arguments: [
        (#"{"intake": {"tls": {"key": "/k"}}}"#, "certificate is missing"),
        (#"{"intake": {"tls": {"certificate": "/c"}}}"#, "key is missing"),
        (
            #"{"intake": {"tls": {"certificate": "/c", "key": "/k", "minimum_version": "1.1"}}}"#,
            "minimum_version"
        ),
        (#"{"intake": {"tls": {"certificate": "/c", "key": "/k", "kee": 1}}}"#, "unknown key"),
        (#"{"takeover_seconds": 3601}"#, "takeover_seconds"),
    ])
    func `what is wrong is told`(file: String, words: String) {
        #expect(faults(file).contains { $0.contains(words) })
    }

    @Test func `a certificate without its key is told of`() {
        let found = faults("{}", environment: ["REELHOOK_TLS_CERTIFICATE": "/c"])
        #expect(found.contains { $0.contains("--tls-certificate") && $0.contains("--tls-key") })
    }

    @Test func `sockets of a supervisor go by their names, and else by their order`() throws {
        func sockets(_ variables: [String: String]) throws -> [String: Int32] {
            let environment = variables.merging(["LISTEN_PID": "\(getpid())"]) { old, _ in old }
            return try load(environment: environment).inheritedSockets
        }
        #expect(try sockets([:]) == [:])
        #expect(try sockets(["LISTEN_FDS": "1"]) == ["intake": 3])
        #expect(try sockets(["LISTEN_FDS": "2"]) == ["intake": 3, "console": 4])
        #expect(
            try sockets(["LISTEN_FDS": "2", "LISTEN_FDNAMES": "console:intake"])
                == ["intake": 4, "console": 3]
        )
        #expect(
            try sockets(["LISTEN_FDS": "2", "LISTEN_FDNAMES": "console:reelhook.socket"])
                == ["intake": 4, "console": 3]
        )
        #expect(try sockets(["LISTEN_FDS": "1", "LISTEN_PID": "1"]) == [:])
        #expect(try sockets(["LISTEN_FDS": "none"]) == [:])
        let many = ["LISTEN_FDS": "3", "LISTEN_PID": "\(getpid())"]
        #expect(try load(environment: many).warnings.contains { $0.contains("more sockets") })
    }
}
