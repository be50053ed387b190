import Glibc
import ReelAssets
import ReelConsole
import ReelHTTP
import ReelRuntime
import ReelSystem
import ReelWebhooks
import TestSupport
import Testing

@testable import Reelhook

struct EndpointSecretsTests {
    private static let configured = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private let directory: TemporaryDirectory
    private let pool = BlockingPool(threadCount: 1)
    private let time = ManualTime(now: Timestamp(secondsSinceEpoch: 1_795_251_600))
    private var now: Timestamp { time.now() }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func start(disk: any Disk = SystemDisk()) throws -> EndpointSecrets {
        var flags = Configuration.Flags()
        flags.dataDirectory = directory.path
        let environment = ["OPENAI_WEBHOOK_SECRET": Self.configured]
        let configuration = try Configuration.load(flags: flags, environment: environment) { _ in
            nil
        }
        return try EndpointSecrets(configuration, disk: disk, pool: pool, time: time)
    }

    /// A secret of its own for each number.
    private func secret(_ number: UInt8) -> String {
        let quads = ["QUJD", "REVG", "R0hJ", "SktM", "TU5P"]
        return "whsec_" + String(repeating: quads[Int(number)], count: 8)
    }

    private var path: String { directory.file(".endpoint-secrets.json") }

    /// Whether a delivery that was signed with a secret is taken.
    private func takes(_ text: String, _ secrets: EndpointSecrets) throws -> Bool {
        let body = Array("{}".utf8)
        let signer = WebhookSigner(secrets: [try WebhookSecret(parsing: text)])
        var bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n".utf8)
        for field in signer.headers(id: "wh_1", at: now, body: body).fields {
            bytes += Array("\(field.name): \(field.value)\r\n".utf8)
        }
        bytes += Array("\r\n{}".utf8)
        var decoder = HTTPRequestDecoder()
        decoder.feed(bytes.span)
        guard case .request(let request, _) = decoder.next() else {
            Issue.record("no request")
            return false
        }
        let delivery = Result { () throws(VerificationFailure) in
            try secrets.verifier(of: "openai").verify(request, receivedAt: now)
        }
        switch delivery {
        case .success: return true
        case .failure: return false
        }
    }

    @Test func `a kept secret is used at once, beside those of the configuration`() async throws {
        let secrets = try start()
        #expect(try !takes(secret(0), secrets))
        try await secrets.keep(secret(0), id: "whe_1", for: "openai", replacing: false)
        #expect(try takes(secret(0), secrets))
        #expect(try takes(Self.configured, secrets))
        #expect(secrets.names(of: "openai") == ["openai"])
        #expect(secrets.names(of: "another").isEmpty)
    }

    @Test func `kept secrets outlive the service, in a file for its user alone`() async throws {
        try await start().keep(secret(0), id: "whe_1", for: "openai", replacing: false)
        #expect(try takes(secret(0), start()))
        var record = stat()
        #expect(unsafe stat(path, &record) == 0)
        #expect(record.st_mode & 0o777 == 0o600)
        #expect(try FileTree.list(directory.path) == [".endpoint-secrets.json"])
    }

    @Test func `both secrets of a rotation are good, and of many the last three`() async throws {
        let secrets = try start()
        for number in UInt8(0)..<5 {
            try await secrets.keep(secret(number), id: "whe_1", for: "openai", replacing: false)
        }
        let good = try (UInt8(0)..<5).filter { try takes(secret($0), secrets) }
        #expect(good == [2, 3, 4])
        try await secrets.keep(secret(0), id: "whe_2", for: "openai", replacing: false)
        #expect(try takes(secret(0), secrets) && takes(secret(4), secrets))
    }

    @Test func `the old secret ends a day after the rotation, whatever restarts`() async throws {
        let secrets = try start()
        try await secrets.keep(secret(0), id: "whe_1", for: "openai", replacing: false)
        #expect(secrets.standing(of: "whe_1")?.oldSecretEndsAt == nil)
        time.advance(by: .seconds(500_000))
        #expect(try takes(secret(0), secrets))
        try await secrets.keep(secret(1), id: "whe_1", for: "openai", replacing: false)
        let end = now + .seconds(86_400)
        let standing = EndpointStanding(name: "openai", oldSecretEndsAt: end)
        #expect(secrets.standing(of: "whe_1") == standing)

        // Another rotation does not put off its end.
        time.advance(by: .seconds(80_000))
        try await secrets.keep(secret(2), id: "whe_1", for: "openai", replacing: false)
        time.advance(by: end - now - .milliseconds(1))
        let again = try start()
        for one in [secrets, again] {
            #expect(try (UInt8(0)..<3).allSatisfy { try takes(secret($0), one) })
        }
        time.advance(by: .milliseconds(1))
        for one in [secrets, again, try start()] {
            #expect(try (UInt8(0)..<3).map { try takes(secret($0), one) } == [false, true, true])
            #expect(one.standing(of: "whe_1")?.oldSecretEndsAt == end + .seconds(80_000))
        }
        time.advance(by: .seconds(80_000))
        #expect(try (UInt8(0)..<3).map { try takes(secret($0), again) } == [false, false, true])
        #expect(again.standing(of: "whe_1")?.oldSecretEndsAt == nil)
        #expect(again.standing(of: "whe_2") == nil)
        // What has ended is not kept on disk either, once the file is written.
        try await again.keep(secret(3), id: "whe_2", for: "openai", replacing: false)
        let text = String(decoding: try FileTree.read(path), as: UTF8.self)
        #expect(!text.contains(secret(0)) && text.contains(secret(2)))
    }

    @Test func `an old secret from before there was an end has one`() throws {
        let lines = [("whe_1", 0), ("whe_1", 1), ("whe_2", 2)].map { id, number in
            #"{"id": "\#(id)", "endpoint": "openai", "secret": "\#(secret(UInt8(number)))"}"#
        }
        let text = #"{"secrets": [\#(lines.joined(separator: ", "))]}"#
        try FileTree.write(Array(text.utf8), to: path)
        let written = try #require(try SystemDisk().status(path)?.modifiedAt)
        let secrets = try start()
        let end = written + .seconds(86_400)
        #expect(secrets.standing(of: "whe_1")?.oldSecretEndsAt == end)
        #expect(secrets.standing(of: "whe_2")?.oldSecretEndsAt == nil)
        #expect(try takes(secret(0), secrets))
        time.setWall(to: end)
        #expect(try (UInt8(0)..<3).map { try takes(secret($0), secrets) } == [false, true, true])
    }

    @Test func `a secret that dies at once takes the place of those before it`() async throws {
        let secrets = try start()
        try await secrets.keep(secret(0), id: "whe_1", for: "openai", replacing: false)
        try await secrets.keep(secret(1), id: "whe_2", for: "openai", replacing: false)
        try await secrets.keep(secret(2), id: "whe_1", for: "openai", replacing: true)
        #expect(try !takes(secret(0), secrets))
        #expect(try takes(secret(1), secrets) && takes(secret(2), secrets))
        try await secrets.forget(id: "whe_1")
        #expect(try !takes(secret(2), secrets) && takes(secret(1), secrets))
        #expect(try !takes(secret(2), start()) && takes(secret(1), start()))
    }

    @Test(arguments: ["", "whsec_", "sk-123", "whsec_!!!"])
    func `what is no secret is not kept`(_ text: String) async throws {
        let secrets = try start()
        await #expect(throws: EndpointShelfError.notASecret) {
            try await secrets.keep(text, id: "whe_1", for: "openai", replacing: false)
        }
        #expect(!FileTree.exists(path))
    }

    @Test func `a disk that fails at any step keeps what was kept, and says so`() async throws {
        try await start().keep(secret(0), id: "whe_1", for: "openai", replacing: false)
        var wasKept = false
        for steps in 0..<40 where !wasKept {
            let disk = BreakingDisk(after: steps)
            guard let secrets = try? start(disk: disk) else { continue }
            do throws(EndpointShelfError) {
                try await secrets.keep(secret(1), id: "whe_1", for: "openai", replacing: false)
                wasKept = true
            } catch {
                #expect(!"\(error)".contains(secret(1)))
                #expect(try takes(secret(0), secrets))
            }
            #expect(try takes(secret(0), start()), "after \(steps) steps")
        }
        #expect(wasKept)
    }

    @Test(arguments: ["", "{", "[]", #"{"secrets":[{}]}"#, #"{"secrets":7}"#])
    func `a file that cannot be read is told of, and not written over`(_ text: String) throws {
        try FileTree.write(Array(text.utf8), to: path)
        #expect(throws: AssetError.notTheMedium(rule: "endpoint_secrets")) { try start() }
        #expect(try FileTree.read(path) == Array(text.utf8))
    }
}
