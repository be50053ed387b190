internal import ReelEmulator
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelObservability
internal import ReelRuntime
internal import ReelSystem
internal import ReelWebhooks
internal import Reelhook

extension Command {
    static let emulate = Command(
        words: ["emulate"],
        summary:
            "Run an emulated /v1/videos server that signs webhooks, and misbehaves on request.",
        discussion: """
            The same seed gives the same ids, durations and faults. A SHARE is a chance such as 0.3
            or 30%. A prompt that contains [fail] makes a job that fails.
            """,
        options: [
            Option("--listen", "HOST:PORT", "where to listen (default 127.0.0.1:0)"),
            Option("--webhook", "URL", "where to tell of ends (default: nowhere)"),
            Option("--secret", "SECRET", "the signing secret (default OPENAI_WEBHOOK_SECRET)"),
            Option(
                "--api-key",
                "KEY",
                "the key that clients must send (default: any); several know only their own videos",
                isRepeatable: true
            ),
            Option("--seed", "N", "what chance is drawn from (default: a new one, which is told)"),
            Option("--duration", "SPAN", "how long a job takes (default 2s)"),
            Option("--hold-create", "SPAN", "how long the answer to a create is held back"),
            Option("--expire-after", "SPAN", "how long content lives (default 1h)"),
            Option("--content-bytes", "N", "the least size of a video (default: some 20 KB)"),
            Option("--videos", "N", "completed videos that are there from the start"),
            Option("--drop-webhooks", "SHARE", "webhooks that are never sent"),
            Option("--duplicate", "SHARE", "webhooks that are sent twice"),
            Option("--duplicate-events", "SHARE", "ends that are told under two ids"),
            Option("--delay", "SHARE|SPAN", "webhooks that come late, by 5s or all by that span"),
            Option("--reorder", "SHARE", "webhooks that later ones overtake"),
            Option("--http-500", "SHARE", "answers that are a 500"),
            Option("--http-429", "SHARE", "answers that are a 429 with Retry-After"),
            Option("--retry-after", "N", "the seconds that a 429 asks for (default 1)"),
            Option("--throttle", "SPAN", "answer everything with a 429 for that long at first"),
            Option("--multipart-only", "SHARE", "creates in JSON that are refused with 415"),
            Option("--no-last-id", "SHARE", "servers whose lists say no first_id and last_id"),
            Option("--refuse-delete", "SHARE", "deletions that are refused with 403"),
            Option("--lose-answer", "SHARE", "jobs that are made and answered with a 502"),
            Option("--html", "SHARE", "answers that are HTML with status 200"),
            Option("--cut", "SHARE", "transfers that are cut half-way"),
            Option("--cut-at", "SHARE", "how far a cut transfer gets (default: chance)"),
            Option("--stall", "SHARE", "transfers that stop half-way"),
            Option("--slow", "SHARE", "transfers at 20 kB/s"),
            Option("--slow-rate", "N", "the bytes a second of those (default 20000)"),
            Option("--short-length", "SHARE", "transfers whose Content-Length is too small"),
            Option("--long-length", "SHARE", "transfers whose Content-Length is too large"),
            Option("--html-content", "SHARE", "files that are HTML under a video's type"),
            Option("--change-etag", "SHARE", "transfers whose ETag changes"),
            Option("--ignore-range", "SHARE", "range requests that are answered with the whole"),
            Option("--redirect-content", "SHARE", "files that are at another host, without a key"),
            Option("--forget", "SHARE", "jobs that are forgotten"),
            Option("--missing-variant", "SHARE", "thumbnails and spritesheets that do not exist"),
            Option("--other-film", "SHARE", "films that are not what was ordered"),
            Option("--shorter-film", "SHARE", "films of 4 s that are said to be 4 s, in any case"),
            Option("--fail-rate", "SHARE", "jobs that fail"),
            Option("--unknown-state", "SHARE", "jobs in undocumented states until they end"),
            Option("--log-level", "LEVEL", "debug, info (default), warning or error"),
        ],
        run: { arguments, tool in
            let configuration = try emulatorConfiguration(arguments, tool)
            let client = HTTPClient()
            let emulator = Emulator(
                configuration: configuration,
                transport: client,
                time: tool.time,
                logger: Logger(
                    sink: StandardErrorLog.sink(isJSON: false),
                    level: try logLevel(arguments),
                    time: tool.time,
                    component: "emulator"
                ),
                metrics: Metrics()
            )
            let peer: ListenAddress
            do {
                let found = try emulator.bind()
                peer = ListenAddress(host: found.address, port: found.port)
            } catch {
                await client.stop()
                throw Failure("\(error)")
            }
            tool.say("seed \(configuration.seed)")
            tool.say("listening emulator http://\(peer)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await emulator.run() }
                group.addTask {
                    for await _ in Signals([.terminate, .interrupt]) { break }
                    emulator.stop()
                }
                _ = try await group.next()
                emulator.stop()
                group.cancelAll()
            }
            await client.stop()
            return .done
        }
    )

    private static func logLevel(_ arguments: ParsedArguments) throws(UsageError) -> LogLevel {
        guard let text = arguments["--log-level"] else { return .info }
        guard let level = LogLevel(name: text) else {
            throw UsageError("--log-level takes debug, info, warning or error")
        }
        return level
    }

    private static func emulatorConfiguration(
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) throws(UsageError) -> EmulatorConfiguration {
        // Ids follow from the seed: the same one twice would give new videos the ids of old ones.
        let seed = try arguments.integer("--seed", in: 0...Int.max)
        var configuration = EmulatorConfiguration(
            seed: seed.map { UInt64($0) } ?? tool.random.below(1 << 31)
        )
        if let text = arguments["--listen"] {
            guard let address = ListenAddress(text) else {
                throw UsageError("--listen takes HOST:PORT, not \(text)")
            }
            configuration.host = address.host
            configuration.port = address.port
        }
        configuration.apiKeys = arguments.all("--api-key")
        if let url = arguments["--webhook"] {
            guard let secret = try signingSecrets(arguments, tool).first else {
                throw UsageError("a secret is missing: --secret")
            }
            configuration.webhook = EmulatorConfiguration.Webhook(url: url, secret: secret)
        }
        if let span = try arguments.span("--duration") { configuration.jobDuration = span }
        if let span = try arguments.span("--hold-create") { configuration.createDelay = span }
        if let span = try arguments.span("--expire-after") { configuration.expireAfter = span }
        if let count = try arguments.integer("--content-bytes", in: 0...16 << 30) {
            configuration.contentByteCountMin = count
        }
        if let count = try arguments.integer("--videos", in: 0...10_000) {
            configuration.videoCount = count
        }
        configuration.faults.cutPlace = try arguments.probability("--cut-at")
        if let seconds = try arguments.integer("--retry-after", in: 1...3600) {
            configuration.faults.retryAfterSeconds = seconds
        }
        if let span = try arguments.span("--throttle") { configuration.throttledFor = span }
        if let rate = try arguments.integer("--slow-rate", in: 1...1 << 30) {
            configuration.faults.slowBytesPerSecond = rate
        }
        for (name, path) in EmulatorFaults.names {
            let option = "--" + String(name.map { $0 == "_" ? "-" : $0 })
            if option == "--delay" {
                try readDelay(arguments, into: &configuration.faults)
            } else if let share = try arguments.probability(option), let chance = Probability(share)
            {
                configuration.faults[keyPath: path] = chance
            }
        }
        return configuration
    }

    /// `--delay` takes a share, or a span by which every webhook is late.
    private static func readDelay(
        _ arguments: ParsedArguments,
        into faults: inout EmulatorFaults
    ) throws(UsageError) {
        guard let text = arguments["--delay"] else { return }
        if let last = text.last, last.isLetter {
            guard let span = try arguments.span("--delay") else { return }
            faults.delay = span
            faults.delayWebhooks = .always
        } else if let share = try arguments.probability("--delay"), let chance = Probability(share)
        {
            faults.delayWebhooks = chance
        }
    }
}
