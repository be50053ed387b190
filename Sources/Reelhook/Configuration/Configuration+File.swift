internal import ReelEvents
internal import ReelHTTP
internal import ReelJSON
internal import ReelObservability
internal import ReelWebhooks

extension Configuration {
    /// Takes over what the configuration file says; the faults go to the reader's list.
    mutating func read(_ file: inout ObjectReader) {
        if let text = file.text("data") { dataDirectory = text }
        if let path = file.text("ca_file") {
            authorityFile = path
            if !file.canRead(path) { file.fault("ca_file", "\(path) cannot be read") }
        }
        if let span = file.seconds("takeover_seconds", in: 0...3600) { takeover = span }
        if var section = file.object("log") {
            if let name = section.choice("level", of: LogLevel.allCases.map(\.name)),
                let level = LogLevel(name: name)
            {
                log.level = level
            }
            if let format = section.choice("format", of: ["text", "json"]) {
                log.isJSON = format == "json"
            }
            section.finish()
        }
        if var section = file.object("intake") {
            if let address = section.address("listen") { intake = address }
            intakeTLS = section.tls("tls")
            readServer(&section)
            section.finish()
        }
        if var section = file.object("console") {
            if let address = section.address("listen") { console = address }
            consoleTLS = section.tls("tls")
            if let token = section.secret("token") { consoleToken = token }
            if let count = section.integer("body_bytes_max", in: 1024...1 << 30) {
                server.consoleBodyByteCountMax = count
            }
            section.finish()
        }
        if let sections = file.objects("providers") {
            providers = sections.map { section in
                var section = section
                return Self.provider(&section)
            }
            hasProviders = !providers.isEmpty
        }
        if let sections = file.objects("endpoints") {
            endpoints = sections.map { section in
                var section = section
                return Self.endpoint(&section)
            }
        }
        if let sections = file.objects("chains") {
            chains = sections.compactMap { section in
                var section = section
                return Self.chain(&section)
            }
            hasChains = true
        }
        readSettings(&file)
        file.finish()
    }

    private mutating func readSettings(_ file: inout ObjectReader) {
        if var section = file.object("dispatch") {
            if let count = section.integer("concurrency_max", in: 1...4096) {
                dispatch.concurrencyMax = count
                dispatch.targetConcurrencyMax = (count + 1) / 2
            }
            if let count = section.integer("target_concurrency_max", in: 1...4096) {
                dispatch.targetConcurrencyMax = count
            }
            if let span = section.seconds("lease_seconds", in: 3...3600) { dispatch.lease = span }
            if let span = section.seconds("stop_grace_seconds", in: 0...3600) {
                dispatch.stopGrace = span
            }
            if let count = section.integer("breaker_failures", in: 1...1000) {
                dispatch.breakerFailureCountMax = count
            }
            if let span = section.seconds("breaker_probe_seconds", in: 1...3600) {
                dispatch.breakerProbeInterval = span
            }
            if let span = section.seconds("breaker_patience_seconds", in: 60...30 * 86_400) {
                dispatch.breakerPatience = span
            }
            section.finish()
        }
        if var section = file.object("polling") {
            if let isEnabled = section.bool("enabled") { polling.isEnabled = isEnabled }
            if let span = section.seconds("longest_interval_seconds", in: 1...3600) {
                polling.longestInterval = span
            }
            if let span = section.seconds("deadline_seconds", in: 60...30 * 86_400) {
                polling.deadline = span
            }
            if let span = section.seconds("list_interval_seconds", in: 10...86_400) {
                polling.listInterval = span
            }
            if let adopts = section.bool("adopt_listed") { polling.adoptsListed = adopts }
            section.finish()
        }
        if var section = file.object("fetch") {
            readFetch(&section)
            section.finish()
        }
        if var section = file.object("store") {
            if var reader = section.object("s3") { bucket = Self.bucket(&reader) }
            section.finish()
        }
        if var section = file.object("journal") {
            if let count = section.integer("pending_writes_max", in: 1...1_000_000) {
                journal.pendingWriteCountMax = count
            }
            if let count = section.integer("reserve_bytes", in: 0...1 << 36) {
                journal.reserveByteCount = count
            }
            if let count = section.integer("log_bytes_max", in: 1 << 20...1 << 40) {
                journal.logByteCountMax = count
            }
            section.finish()
        }
        if var section = file.object("retention") {
            readRetention(&section)
            section.finish()
        }
        if file.networks("allowed_networks") != nil, let texts = file.strings("allowed_networks") {
            allowedNetworks = texts
        }
    }

    private mutating func readFetch(_ section: inout ObjectReader) {
        if let count = section.integer("bytes_max", in: 1024...1 << 40) {
            fetch.byteCountMax = count
        }
        if let span = section.seconds("transfer_timeout_seconds", in: 1...86_400) {
            fetch.transferTimeout = span
        }
        if let count = section.integer("reserve_bytes", in: 0...1 << 40) {
            fetch.reserveByteCount = count
        }
        if let count = section.integer("bytes_per_second_min", in: 1...1 << 30) {
            fetch.slowestBytesPerSecond = count
        }
        if let span = section.seconds("stall_seconds", in: 1...3600) { fetch.stallTimeout = span }
        if let word = section.choice("differences", of: ["keep", "refuse"]) {
            fetch.refusesDifferences = word == "refuse"
        }
        if let count = section.integer("duration_tolerance_ms", in: 0...3_600_000) {
            fetch.durationTolerance = .milliseconds(count)
        }
        if let span = section.seconds("alarm_seconds", in: 1...86_400) { fetch.alarmSpan = span }
        if let span = section.seconds("expiry_grace_seconds", in: 0...86_400) {
            fetch.expiryGrace = span
        }
    }

    private static func provider(_ section: inout ObjectReader) -> ProviderSettings {
        var provider = ProviderSettings()
        if let name = section.name("name") { provider.name = name }
        if let url = section.text("base_url") {
            provider.baseURL = url
            if let fault = baseURLFault(url) { section.fault("base_url", fault) }
        }
        provider.apiKey = section.secret("api_key")
        if let keys = section.secrets("api_keys") {
            if provider.apiKey != nil {
                section.fault("api_keys", "give either api_key or api_keys")
            }
            let all = keys.flatMap(splitSecrets)
            provider.apiKey = all.first
            provider.furtherKeys = Array(all.dropFirst())
        }
        provider.organization = section.text("organization")
        provider.project = section.text("project")
        if let count = section.integer("concurrency_max", in: 1...256) {
            provider.concurrencyMax = count
        }
        if let count = section.integer("requests_per_minute_max", in: 1...1_000_000) {
            provider.requestsPerMinute = count
        }
        if let checks = section.bool("check_references") { provider.checksReferences = checks }
        section.finish()
        return provider
    }

    private static func endpoint(_ section: inout ObjectReader) -> EndpointSettings {
        var endpoint = EndpointSettings()
        if let name = section.name("name") {
            endpoint.name = name
            endpoint.path = "/webhooks/" + name
        } else {
            section.fault("name is missing")
        }
        if let path = section.text("path") {
            endpoint.path = path
            if !path.hasPrefix("/") || path.contains("{") || path == "/healthz" || path == "/readyz"
            {
                section.fault("path", "must begin with a slash and be free: \(path)")
            }
        }
        endpoint.provider = section.name("provider") ?? endpoint.name
        if let secrets = section.secrets("secrets") {
            endpoint.secrets = secrets.flatMap(splitSecrets)
        }
        if let word = section.choice("compatibility", of: ["strict", "openai"]) {
            endpoint.compatibility = word == "openai" ? .openai : .strict
        }
        if let span = section.seconds("tolerance_seconds", in: 1...3600) {
            endpoint.tolerance = span
        }
        endpoint.allowedNetworks = section.networks("allowed_networks")
        if endpoint.allowedNetworks == [] {
            section.fault("allowed_networks", "names no network: nobody could deliver")
        }
        if endpoint.secrets.isEmpty {
            section.fault("secrets is missing: without one every delivery would be refused")
        }
        for secret in endpoint.secrets {
            if let fault = signingSecretFault(secret, endpoint.compatibility) {
                section.fault("secrets", fault)
            }
        }
        section.finish()
        return endpoint
    }

    /// `OPENAI_WEBHOOK_SECRET` may hold several, separated by white space.
    static func splitSecrets(_ secret: Secret) -> [Secret] {
        secret.revealed.split(whereSeparator: { $0 == " " || $0 == "\t" || $0.isNewline })
            .map { Secret(String($0)) }
    }
}

extension ObjectReader {
    /// A name that stands in the journal, in metrics and in paths: lower-case letters, digits,
    /// hyphens and underscores, at most 64.
    mutating func name(_ member: String) -> String? {
        guard let text = text(member) else { return nil }
        let isName =
            text.utf8.count <= 64
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
        guard isName else {
            fault(member, "may hold only a-z, 0-9, - and _, at most 64 of them")
            return nil
        }
        return text
    }

    /// Networks in CIDR notation; those that are none are left out, and the configuration refused.
    mutating func networks(_ member: String) -> [NetworkBlock]? {
        guard let texts = strings(member) else { return nil }
        for text in texts where NetworkBlock(text) == nil {
            fault(member, "\(text) is no network such as 10.1.0.0/16")
        }
        return texts.compactMap { NetworkBlock($0) }
    }

    mutating func address(_ member: String) -> ListenAddress? {
        guard let text = text(member) else { return nil }
        guard let address = ListenAddress(text) else {
            fault(member, "expected HOST:PORT, such as 127.0.0.1:8080")
            return nil
        }
        return address
    }
}
