internal import Glibc
internal import ReelAssets
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelRuntime
internal import ReelS3
internal import ReelSystem
internal import ReelWebhooks
internal import Reelhook

/// The checks of `doctor`, one after another.
struct Examination {
    let tool: Tool
    private(set) var findings: [Finding] = []

    init(tool: Tool) {
        self.tool = tool
    }

    mutating func run(_ arguments: ParsedArguments) async {
        let configuration: Configuration
        do {
            configuration = try tool.configuration(arguments)
        } catch {
            for fault in error.faults {
                note("configuration", .bad, fault.description, "mend it and run doctor again")
            }
            checkLimits()
            return
        }
        note("configuration", .good, "read without a fault")
        for warning in configuration.warnings { note("configuration", .doubtful, warning) }
        checkSecrets(configuration)
        checkCertificates(configuration, publicURL: arguments["--public-url"])
        checkDisk(configuration.dataDirectory)
        await checkJournal(configuration.dataDirectory)
        checkLimits()
        await checkService(configuration.dataDirectory)
        await checkProviders(configuration)
        if let settings = configuration.bucket { await checkBucket(settings) }
        if let url = arguments["--public-url"] { await checkPublicURL(url) }
    }

    mutating func note(
        _ check: String,
        _ verdict: Finding.Verdict,
        _ message: String,
        _ advice: String = ""
    ) {
        findings.append(Finding(check: check, verdict: verdict, message: message, advice: advice))
    }

    private mutating func checkBucket(_ settings: BucketSettings) async {
        guard let bucket = BucketAccess(settings, tool) else { return }
        let place = "bucket \(settings.name)"
        do {
            try await bucket.store.prove(random: tool.random)
            note("store", .good, "\(place) took, gave and deleted an object")
        } catch {
            note(
                "store",
                .bad,
                "\(place): \(error.description)",
                "see that the bucket is there, and that the key may put, get and delete in it"
            )
        }
        await bucket.close()
    }

    // MARK: - Here

    private mutating func checkSecrets(_ configuration: Configuration) {
        for endpoint in configuration.endpoints {
            guard !endpoint.secrets.isEmpty else {
                note(
                    "secret",
                    .doubtful,
                    "endpoint \(endpoint.name) has none: it refuses everything"
                )
                continue
            }
            for (index, secret) in endpoint.secrets.enumerated() {
                let parsed = try? WebhookSecret(
                    parsing: secret.revealed,
                    compatibility: endpoint.compatibility
                )
                if let parsed {
                    note(
                        "secret",
                        parsed.hasUnusualLength ? .doubtful : .good,
                        "endpoint \(endpoint.name), secret \(index + 1) is well-formed"
                            + (parsed.hasUnusualLength ? ", but not 24 to 64 bytes long" : "")
                    )
                }
            }
        }
    }

    private mutating func checkDisk(_ directory: String) {
        do throws(SystemError) {
            try FileSystem.createDirectory(directory, permissions: 0o750, intermediates: true)
            let free = try FileSystem.freeByteCount(directory)
            let megabytes = free >> 20
            if free < 64 << 20 {
                note("disk", .bad, "\(directory) has \(megabytes) MiB free", "make room")
            } else if free < 2 << 30 {
                note("disk", .doubtful, "\(directory) has \(megabytes) MiB free", "make room soon")
            } else {
                note("disk", .good, "\(directory) has \(megabytes >> 10) GiB free")
            }
            try checkSync(directory)
        } catch {
            note(
                "disk",
                .bad,
                "\(directory) cannot be written: \(error.description)",
                "give the service's user the directory, or name another with --data"
            )
        }
    }

    /// How long the disk takes to make 4 KiB durable: the floor of every answer of the intake.
    private mutating func checkSync(_ directory: String) throws(SystemError) {
        let path = directory + "/.doctor-" + tool.random.hexadecimal(byteCount: 8)
        let file = try File.open(path, .createNew)
        defer { try? FileSystem.remove(path) }
        var spans: [Duration] = []
        for _ in 0..<20 {
            try file.write([UInt8](repeating: 0x52, count: 4096))
            let start = tool.time.uptime()
            try file.synchronize()
            spans.append(tool.time.uptime() - start)
        }
        let milliseconds = (spans.sorted()[spans.count / 2].inSeconds * 10_000).rounded() / 10
        note(
            "fsync",
            milliseconds > 50 ? .doubtful : .good,
            "takes \(milliseconds) ms (median of \(spans.count))",
            milliseconds > 50 ? "deliveries wait for the disk; a faster one answers sooner" : ""
        )
    }

    private mutating func checkJournal(_ directory: String) async {
        let path = directory + "/reelhook.db"
        guard (try? FileSystem.status(path)) ?? nil != nil else {
            return note("journal", .good, "none yet; serve makes it")
        }
        do throws(JournalError) {
            let journal = try SQLiteJournalDriver.openReadOnly(path: path)
            let shortage = try? await journal.shortage()
            await journal.close()
            note("journal", .good, "\(path) can be read")
            if let shortage { noteShortage(shortage) }
        } catch {
            note(
                "journal",
                .bad,
                "\(path): \(error.description)",
                "restore it, or use a newer reelhook"
            )
        }
    }

    private mutating func noteShortage(_ shortage: DiskShortage) {
        let text = "the disk of the journal " + StatusText.line(of: shortage)
        guard let end = shortage.until else {
            return note("disk", .bad, text, "the service goes on by itself once there is room")
        }
        guard tool.time.now() - end < .seconds(7 * 86_400) else { return }
        note("disk", .doubtful, text, "make room, or keep less: `retention` in the configuration")
    }

    private mutating func checkLimits() {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let count = Int(clamping: limit.rlim_cur)
        note(
            "limits",
            count < 4096 ? .doubtful : .good,
            "\(count) open files",
            count < 4096 ? "raise it: ulimit -n 65536, or LimitNOFILE= in the unit" : ""
        )
    }

    /// What a running service has refused: the sign of a secret that is not the sender's.
    private mutating func checkService(_ directory: String) async {
        let socketPath = directory + "/.control.sock"
        guard (try? FileSystem.status(socketPath)) ?? nil != nil else { return }
        let client = HTTPClient()
        var request = HTTPClientRequest(.get, "http://localhost/metrics")
        request.unixSocketPath = socketPath
        request.limits.totalTimeout = .seconds(5)
        let response = try? await client.send(request)
        await client.stop()
        guard let response, response.status.isSuccess else {
            return note("service", .doubtful, "is not running on this data directory")
        }
        note("service", .good, "is running on this data directory")
        let text = String(decoding: response.body, as: UTF8.self)
        let refusals = refusalCounts(text)
        if let count = refusals["no_match"] {
            note(
                "secret",
                .bad,
                "\(count) deliveries were signed with a secret that is none of ours",
                "compare OPENAI_WEBHOOK_SECRET with the endpoint's at the provider, and restart"
            )
        }
        if let count = refusals["too_old"] ?? refusals["too_new"] {
            note(
                "clock",
                .bad,
                "\(count) deliveries were refused for their timestamps",
                "set the clock, and run an NTP client"
            )
        }
    }

    /// Refused deliveries by reason, from the service's metrics; reasons without any are left out.
    private func refusalCounts(_ metrics: String) -> [String: Int] {
        var counts: [String: Int] = [:]
        for line in metrics.split(separator: "\n")
        where line.hasPrefix("reelhook_deliveries_total{") && line.contains("\"refused\"") {
            guard let mark = line.firstRange(of: "reason=\""),
                let count = line.split(separator: " ").last.flatMap({ Int($0) }), count > 0
            else { continue }
            counts[String(line[mark.upperBound...].prefix { $0 != "\"" })] = count
        }
        return counts
    }

    // MARK: - Elsewhere

    private mutating func checkProviders(_ configuration: Configuration) async {
        let client = HTTPClient()
        for provider in configuration.providers {
            let base =
                provider.baseURL.hasSuffix("/")
                ? String(provider.baseURL.dropLast()) : provider.baseURL
            var request = HTTPClientRequest(.get, base + "/videos?limit=1")
            if let key = provider.apiKey {
                request.fields.append("Authorization", "Bearer " + key.revealed)
            }
            request.limits.totalTimeout = .seconds(15)
            let name = "provider \(provider.name)"
            do throws(HTTPClientError) {
                let sent = tool.time.now()
                let response = try await client.send(request)
                checkAnswer(name, response)
                checkClock(name, response, sent)
            } catch {
                note(
                    name,
                    .bad,
                    "cannot be reached: \(error.description)",
                    "is OPENAI_BASE_URL right, and the server up?"
                )
            }
        }
        await client.stop()
    }

    private mutating func checkAnswer(_ name: String, _ response: HTTPClientResponse) {
        switch response.status.code {
        case 200: note(name, .good, "lists videos")
        case 401, 403:
            note(name, .bad, "refuses the key (\(response.status.code))", "check OPENAI_API_KEY")
        case 404, 405:
            note(name, .doubtful, "does not list videos (\(response.status.code))")
        default:
            note(
                name,
                .bad,
                "answered \(response.status.code)",
                "is it a /v1/videos server, and well?"
            )
        }
    }

    /// Compares the clock with the provider's `Date`, which counts whole seconds.
    private mutating func checkClock(
        _ name: String,
        _ response: HTTPClientResponse,
        _ sent: Timestamp
    ) {
        guard let theirs = response.fields.only("Date").flatMap(Timestamp.init(httpDate:)) else {
            return note("clock", .doubtful, "\(name) sends no Date to compare with")
        }
        let ours = tool.time.now()
        let late = theirs - ours
        let early = sent - (theirs + .seconds(1))
        let off = max(late, early, .zero)
        let seconds = Int(off.inSeconds.rounded(.up))
        if off > .seconds(240) {
            note(
                "clock",
                .bad,
                "is \(seconds) s off the provider's; deliveries more than 300 s off are refused",
                "set the clock, and run an NTP client"
            )
        } else if off > .seconds(10) {
            note("clock", .doubtful, "is \(seconds) s off the provider's", "run an NTP client")
        } else {
            note("clock", .good, "agrees with the provider's")
        }
    }

    private mutating func checkPublicURL(_ url: String) async {
        let client = HTTPClient()
        var request = HTTPClientRequest(.post, url, body: Array("{}".utf8))
        request.fields.append("Content-Type", "application/json")
        request.limits.totalTimeout = .seconds(15)
        do throws(HTTPClientError) {
            let response = try await client.send(request)
            if response.status == .unauthorized {
                note("public URL", .good, "answers, and refuses what is not signed")
            } else {
                note(
                    "public URL",
                    .bad,
                    "answered \(response.status.code) to an unsigned delivery, not 401",
                    "does it lead to the intake's /webhooks/openai?"
                )
            }
        } catch {
            note("public URL", .bad, "cannot be reached: \(error.description)")
        }
        await client.stop()
    }
}
