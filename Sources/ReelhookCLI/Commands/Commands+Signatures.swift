internal import ReelHTTP
internal import ReelJSON
internal import ReelRuntime
internal import ReelWebhooks
internal import Reelhook

extension Command {
    static let sign = Command(
        words: ["sign"],
        summary: "Sign a file and print the three webhook headers.",
        discussion: "The secret is taken from --secret or OPENAI_WEBHOOK_SECRET. FILE may be - for"
            + " standard input.",
        operands: "FILE",
        operandCount: 1...1,
        options: [
            Option("--secret", "SECRET", "the signing secret, whsec_…"),
            Option("--id", "ID", "the webhook-id (default: a new one)"),
            Option("--timestamp", "SECONDS", "the webhook-timestamp (default: now)"),
            Option.json,
        ],
        run: { arguments, tool in
            let body = try readInput(arguments.operands[0])
            let (id, moment) = try identity(arguments, tool)
            let signer = WebhookSigner(secrets: try signingSecrets(arguments, tool))
            let headers = signer.headers(id: id, at: moment, body: body)
            if arguments.has("--json") {
                var object = JSONObject()
                for field in headers.fields { object[field.name] = .string(field.value) }
                tool.print(.object(object))
            } else {
                for field in headers.fields { tool.print("\(field.name): \(field.value)") }
            }
            return .done
        }
    )

    static let verify = Command(
        words: ["verify"],
        summary: "Check the webhook headers of a file, and say why not.",
        discussion: "Prints ok, or the reason: what the service logs and never tells a caller.",
        operands: "FILE",
        operandCount: 1...1,
        options: [
            Option("--secret", "SECRET", "the signing secret, whsec_…"),
            Option("--id", "ID", "the webhook-id header"),
            Option("--timestamp", "SECONDS", "the webhook-timestamp header"),
            Option("--signature", "LIST", "the webhook-signature header"),
            Option("--at", "SECONDS", "check as of then (default: now)"),
            Option("--tolerance", "SPAN", "how far the timestamp may be off (default 300s)"),
            Option("--compatibility", "NAME", "strict (default) or openai"),
            Option.json,
        ],
        run: { arguments, tool in
            let body = try readInput(arguments.operands[0])
            let compatibility = try compatibility(arguments)
            let verifier = WebhookVerifier(
                source: "command",
                secrets: try signingSecrets(arguments, tool, compatibility),
                tolerance: try arguments.span("--tolerance") ?? .seconds(300),
                compatibility: compatibility
            )
            var fields = HTTPFields()
            for (name, option) in [
                ("webhook-id", "--id"), ("webhook-timestamp", "--timestamp"),
                ("webhook-signature", "--signature"),
            ] {
                if let value = arguments[option] { fields.append(name, value) }
            }
            guard let target = HTTPTarget("/") else { return .failed }
            let request = HTTPRequest(method: .post, target: target, fields: fields, body: body)
            let at = try arguments.integer("--at", in: 0...99_999_999_999)
            let moment = at.map { Timestamp(secondsSinceEpoch: Int64($0)) } ?? tool.time.now()
            do throws(VerificationFailure) {
                let delivery = try verifier.verify(request, receivedAt: moment)
                let answer: JSONObject = [
                    "ok": true, "reason": .null, "secret": .integer(delivery.secretIndex),
                ]
                if arguments.has("--json") { tool.print(.object(answer)) } else { tool.print("ok") }
                return .done
            } catch {
                if arguments.has("--json") {
                    tool.print(.object(["ok": false, "reason": .string(error.rawValue)]))
                } else {
                    tool.print("refused: \(error.rawValue)")
                }
                return .failed
            }
        }
    )

    /// The secrets of `--secret` or the environment.
    static func signingSecrets(
        _ arguments: ParsedArguments,
        _ tool: Tool,
        _ compatibility: WebhookCompatibility = .strict
    ) throws(UsageError) -> [WebhookSecret] {
        guard let text = arguments["--secret"] ?? tool.environment["OPENAI_WEBHOOK_SECRET"] else {
            throw UsageError("a secret is missing: --secret or OPENAI_WEBHOOK_SECRET")
        }
        do throws(WebhookSecretError) {
            return try WebhookSecret.list(parsing: text, compatibility: compatibility)
        } catch {
            throw UsageError("the secret cannot be used: \(error.description)")
        }
    }

    static func compatibility(
        _ arguments: ParsedArguments
    ) throws(UsageError) -> WebhookCompatibility {
        switch arguments["--compatibility"] {
        case nil, "strict": .strict
        case "openai": .openai
        case .some: throw UsageError("--compatibility takes strict or openai")
        }
    }

    /// The id and the moment to sign with.
    static func identity(
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) throws(UsageError) -> (id: String, moment: Timestamp) {
        let seconds = try arguments.integer("--timestamp", in: 0...99_999_999_999)
        let moment = seconds.map { Timestamp(secondsSinceEpoch: Int64($0)) } ?? tool.time.now()
        return (arguments["--id"] ?? "wh_" + tool.random.hexadecimal(byteCount: 16), moment)
    }

    /// A file's bytes, or those of standard input for `-`; at most 16 MiB.
    static func readInput(_ path: String) throws(Failure) -> [UInt8] {
        guard let bytes = readSmallBytes(path == "-" ? "/dev/stdin" : path) else {
            throw Failure("\(path) cannot be read")
        }
        return bytes
    }
}
