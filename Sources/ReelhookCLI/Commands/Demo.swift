internal import ReelEmulator
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJSON
internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime
internal import ReelWebhooks
internal import Reelhook

/// The whole thing in one process: an emulated provider, the service, and one video from order to
/// file.
struct Demo: Sendable {
    private let arguments: ParsedArguments
    private let tool: Tool

    init(_ arguments: ParsedArguments, _ tool: Tool) {
        self.arguments = arguments
        self.tool = tool
    }

    func run() async throws -> ExitCode {
        let client = HTTPClient()
        let secret = WebhookSecret.newText()
        let emulator = Emulator(
            configuration: EmulatorConfiguration(seed: tool.random.next()),
            transport: client,
            time: tool.time,
            logger: Logger(
                sink: StandardErrorLog.sink(isJSON: false),
                level: .warning,
                time: tool.time,
                component: "emulator"
            ),
            metrics: Metrics()
        )
        let peer = try emulator.bind()
        let configuration = try configuration(secret, provider: peer)
        let stored = Locked(false)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(name: "emulator") { try await emulator.run() }
                group.addTask(name: "service") {
                    defer { emulator.stop() }
                    let service = ReelhookService(configuration)
                    try await ServiceRun(service: service, tool: tool).run { addresses in
                        try emulator.deliver(
                            to: "http://\(addresses.intake)/webhooks/openai",
                            secret: secret
                        )
                        try await makeVideo(addresses, configuration, provider: peer, client)
                        stored.withLock { $0 = true }
                        return arguments.has("--once")
                    }
                }
                try await group.waitForAll()
            }
            await client.stop()
        } catch {
            await client.stop()
            throw error
        }
        return stored.withLock { $0 } || !arguments.has("--once") ? .done : .failed
    }

    /// The user's flags, with the emulated provider and a secret made for this run.
    private func configuration(
        _ secret: String,
        provider: HTTPPeer
    ) throws(ConfigurationError) -> Configuration {
        var environment = tool.environment.filter { $0.key.hasPrefix("REELHOOK_") }
        environment["OPENAI_BASE_URL"] = "http://\(provider.address):\(provider.port)/v1"
        environment["OPENAI_API_KEY"] = "demo"
        environment["OPENAI_WEBHOOK_SECRET"] = secret
        if environment["REELHOOK_LOG_LEVEL"] == nil {
            environment["REELHOOK_LOG_LEVEL"] = "warning"
        }
        var configuration = try Configuration.load(
            flags: tool.flags(arguments),
            environment: environment,
            readFile: readSmallFile
        )
        // The provider and the one who asks are in the same process, and know no certificate.
        (configuration.intakeTLS, configuration.consoleTLS) = (nil, nil)
        return configuration
    }

    private func makeVideo(
        _ addresses: ReelhookService.Addresses,
        _ configuration: Configuration,
        provider: HTTPPeer,
        _ client: HTTPClient
    ) async throws {
        let boundary = "reelhook-demo"
        let form = [
            MultipartPart(name: "prompt", text: "A paper boat crosses a puddle in the rain"),
            MultipartPart(name: "model", text: "sora-2"),
            MultipartPart(name: "seconds", text: "4"),
        ]
        let body = MultipartForm.encode(form, boundary: boundary)
        var request = HTTPClientRequest(.post, "http://\(addresses.console)/v1/videos", body: body)
        request.fields.append("Content-Type", MultipartForm.contentType(boundary: boundary))
        if let token = configuration.consoleToken {
            request.fields.append("Authorization", "Bearer " + token.revealed)
        }
        let response = try await client.send(request)
        guard response.status.isSuccess,
            let id = (try? JSONParser.parse(response.body))?["id"]?.string.flatMap(VideoID.init)
        else { throw Failure("the demo's video could not be created: \(response.status.code)") }
        tool.print("created   \(id.rawValue)")
        // The provider is asked for the progress that is shown, and the service is not: so its
        // webhook comes first, as it would.
        let url = "http://\(provider.address):\(provider.port)/v1/videos/\(id.rawValue)"
        var question = HTTPClientRequest(.get, url)
        question.fields.append("Authorization", "Bearer demo")
        try await follow(id, configuration.dataDirectory, client, question)
    }

    /// Shows how the video comes along until its files are stored.
    private func follow(
        _ id: VideoID,
        _ dataDirectory: String,
        _ client: HTTPClient,
        _ question: HTTPClientRequest
    ) async throws {
        let journal = try JournalReader.open(dataDirectory)
        let progress = ProgressLine(tool)
        let start = tool.time.uptime()
        var told: Int64?
        while tool.time.uptime() - start < .seconds(120) {
            let answer = try? JSONParser.parse(try await client.send(question).body)
            if let percent = answer?["progress"]?.integer, percent != told {
                told = percent
                let status = answer?["status"]?.string ?? ""
                progress.show("progress  \(percent)% \(status)")
                if !tool.isLively { tool.print("progress  \(percent)% \(status)") }
            }
            if let video = try await WatchedVideo.read(id, journal), let verdict = video.verdict {
                progress.end()
                try await tell(video, verdict, journal)
                return await journal.driver.close()
            }
            try await tool.time.sleep(for: .milliseconds(200))
        }
        progress.end()
        await journal.driver.close()
        throw Failure("the demo's video was not stored within two minutes")
    }

    private func tell(
        _ video: WatchedVideo,
        _ verdict: ExitCode,
        _ journal: JournalReader
    ) async throws {
        var query = EntryQuery()
        query.videoID = video.job.id
        query.order = .oldestFirst
        for entry in try await journal.driver.entries(query) {
            tool.print(
                "received  \(entry.type ?? "?") by \(entry.origin.rawValue):"
                    + " \(entry.state.rawValue)"
            )
        }
        guard verdict == .done else {
            throw Failure(
                "the demo's video was not stored: \(video.eventReason?.description ?? "?")"
            )
        }
        for asset in video.assets.sorted(by: { $0.variant > $1.variant }) {
            if asset.state == .stored, let location = asset.location {
                let path = journal.dataDirectory + "/videos/" + location
                tool.print("stored    \(path)  \(asset.byteCount) bytes")
            } else {
                tool.print(
                    "without   \(asset.variant): \(asset.reason?.code ?? asset.state.rawValue)"
                )
            }
        }
    }
}
