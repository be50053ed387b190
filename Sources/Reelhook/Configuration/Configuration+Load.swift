internal import ReelEvents
internal import ReelHTTP
internal import ReelJSON
internal import ReelObservability
internal import ReelProviders
internal import ReelWebhooks

extension Configuration {
    /// What was said on the command line; it beats the environment, which beats the file.
    package struct Flags: Sendable {
        package var configurationFile: String?
        package var dataDirectory: String?
        package var intake: String?
        package var console: String?
        package var logLevel: String?
        package var certificate: String?
        package var key: String?

        package init() {}
    }

    /// Reads the environment, and the file that `REELHOOK_CONFIG` names if it does.
    ///
    /// - Throws: `ConfigurationError` with every mistake.
    public static func fromEnvironment() throws(ConfigurationError) -> Configuration {
        try load(flags: Flags(), environment: processEnvironment(), readFile: readSmallFile)
    }

    /// Reads flags, environment and file, in this order of precedence.
    ///
    /// - Throws: `ConfigurationError` with every mistake.
    package static func load(
        flags: Flags,
        environment: [String: String],
        readFile: @escaping (String) -> String?
    ) throws(ConfigurationError) -> Configuration {
        let faults = FaultList()
        // An empty variable is one that is not set, as in a shell's ${NAME:-default}.
        let environment = environment.filter { !$0.value.isEmpty }
        var configuration = Configuration()
        if let path = flags.configurationFile ?? environment["REELHOOK_CONFIG"] {
            configuration.readFile(
                path,
                source: {
                    ObjectReader.Source(
                        fileName: $0,
                        environment: environment,
                        readFile: readFile,
                        faults: faults
                    )
                }
            )
        }
        configuration.readCommon(flags, environment, faults)
        configuration.readTLS(flags, environment, faults)
        configuration.readSupervisor(environment, processID: processID())
        configuration.readProvider(environment, faults)
        configuration.readEndpoint(environment, faults)
        configuration.readNotify(environment, faults)
        configuration.check(faults)
        guard faults.faults.isEmpty else { throw ConfigurationError(faults: faults.faults) }
        return configuration
    }

    /// The data directory alone, by the same rules: for commands that need nothing else.
    ///
    /// - Throws: `ConfigurationError` when the file cannot be read as JSON.
    package static func dataDirectory(
        flags: Flags,
        environment: [String: String],
        readFile: @escaping (String) -> String?
    ) throws(ConfigurationError) -> String {
        let environment = environment.filter { !$0.value.isEmpty }
        if let directory = flags.dataDirectory ?? environment["REELHOOK_DATA"] { return directory }
        guard let path = flags.configurationFile ?? environment["REELHOOK_CONFIG"] else {
            return Configuration().dataDirectory
        }
        guard let text = readFile(path) else {
            throw ConfigurationError(faults: [
                .init(place: path, message: "the configuration file cannot be read")
            ])
        }
        do throws(JSONError) {
            let file = try JSONParser.parse(Array(text.utf8), dialect: .json5)
            return file["data"]?.string ?? Configuration().dataDirectory
        } catch {
            throw ConfigurationError(faults: [.init(place: path, message: error.description)])
        }
    }

    /// Whether the file names a bucket that stored files are kept in.
    package static func namesBucket(
        flags: Flags,
        environment: [String: String],
        readFile: (String) -> String?
    ) -> Bool {
        guard let path = flags.configurationFile ?? environment["REELHOOK_CONFIG"],
            !path.isEmpty, let text = readFile(path),
            let file = try? JSONParser.parse(Array(text.utf8), dialect: .json5)
        else { return false }
        return file["store"]?["s3"] != nil
    }

    private mutating func readFile(_ path: String, source: (String) -> ObjectReader.Source) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let source = source(name)
        guard let text = source.readFile(path) else {
            return source.faults.add(path, "the configuration file cannot be read")
        }
        do throws(JSONError) {
            let tree = try JSONParser.parseLocated(Array(text.utf8), dialect: .json5)
            var reader = ObjectReader(tree, path: "", source: source)
            read(&reader)
        } catch {
            source.faults.add(name, error.description)
        }
    }

    private mutating func readCommon(
        _ flags: Flags,
        _ environment: [String: String],
        _ faults: FaultList
    ) {
        func address(_ flag: String?, _ flagName: String, _ variable: String) -> ListenAddress? {
            guard let text = flag ?? environment[variable] else { return nil }
            if let address = ListenAddress(text) { return address }
            faults.add(
                flag == nil ? variable : flagName,
                "expected HOST:PORT, such as 127.0.0.1:8080, and found \(text)"
            )
            return nil
        }
        dataDirectory = flags.dataDirectory ?? environment["REELHOOK_DATA"] ?? dataDirectory
        intake = address(flags.intake, "--listen", "REELHOOK_LISTEN") ?? intake
        console = address(flags.console, "--console", "REELHOOK_CONSOLE") ?? console
        if let token = environment["REELHOOK_API_TOKEN"] { consoleToken = Secret(token) }
        if let name = flags.logLevel ?? environment["REELHOOK_LOG_LEVEL"] {
            if let level = LogLevel(name: name) {
                log.level = level
            } else {
                faults.add(
                    flags.logLevel == nil ? "REELHOOK_LOG_LEVEL" : "--log-level",
                    "must be one of " + LogLevel.allCases.map(\.name).joined(separator: ", ")
                )
            }
        }
    }

    /// The provider of the SDK's variables, unless the file names providers: then the variables
    /// fill in what the one called `openai` leaves out.
    private mutating func readProvider(_ environment: [String: String], _ faults: FaultList) {
        let baseURL = environment["OPENAI_BASE_URL"]
        if let baseURL, let fault = Self.baseURLFault(baseURL) {
            faults.add("OPENAI_BASE_URL", fault)
        }
        if providers.isEmpty { providers = [ProviderSettings()] }
        guard let index = providers.firstIndex(where: { $0.name == "openai" }) else { return }
        if let baseURL { providers[index].baseURL = baseURL }
        if let key = environment["OPENAI_API_KEY"] { providers[index].apiKey = Secret(key) }
        if providers[index].organization == nil {
            providers[index].organization = environment["OPENAI_ORG_ID"]
        }
        if providers[index].project == nil {
            providers[index].project = environment["OPENAI_PROJECT_ID"]
        }
        if providers[index].apiKey == nil,
            providers[index].baseURL == ProviderSettings().baseURL
        {
            warnings.append("OPENAI_API_KEY is not set: deliveries are kept, videos not fetched")
        }
    }

    private mutating func readEndpoint(_ environment: [String: String], _ faults: FaultList) {
        let secrets = environment["OPENAI_WEBHOOK_SECRET"].map { Secret($0) }
            .map(Self.splitSecrets)
        if let secrets {
            if let index = endpoints.firstIndex(where: { $0.name == "openai" }) {
                endpoints[index].secrets = secrets
            } else {
                var endpoint = EndpointSettings()
                endpoint.secrets = secrets
                endpoints.append(endpoint)
            }
            let compatibility =
                endpoints.first { $0.name == "openai" }?.compatibility ?? .strict
            for secret in secrets {
                if let fault = Self.signingSecretFault(secret, compatibility) {
                    faults.add("OPENAI_WEBHOOK_SECRET", fault)
                }
            }
        } else if endpoints.isEmpty {
            // Nobody can deliver; a service that only polls is legal once it knows whom to ask.
            let isPollingOnly =
                environment["OPENAI_BASE_URL"] != nil || environment["OPENAI_API_KEY"] != nil
                || hasProviders
            if isPollingOnly {
                endpoints.append(EndpointSettings())
                warnings.append(
                    "OPENAI_WEBHOOK_SECRET is not set: every delivery is refused, videos are polled"
                )
            } else {
                faults.add(
                    "OPENAI_WEBHOOK_SECRET",
                    "is not set, and neither is OPENAI_BASE_URL: set the signing secret of your"
                        + " webhook endpoint, or the base URL of the server to poll, or both"
                )
            }
        }
    }

    private mutating func readNotify(_ environment: [String: String], _ faults: FaultList) {
        var notify: NotifySettings?
        if let url = environment["REELHOOK_NOTIFY_URL"] {
            if HTTPURL(url) == nil {
                faults.add("REELHOOK_NOTIFY_URL", "expected an http or https URL")
            }
            let secrets = environment["REELHOOK_NOTIFY_SECRET"].map { Secret($0) }
                .map(Self.splitSecrets)
            if let secrets {
                for secret in secrets {
                    if let fault = Self.signingSecretFault(secret, .strict) {
                        faults.add("REELHOOK_NOTIFY_SECRET", fault)
                    }
                }
                notify = NotifySettings(url: url, secrets: secrets)
            } else {
                faults.add(
                    "REELHOOK_NOTIFY_SECRET",
                    "is not set, and REELHOOK_NOTIFY_URL is: a notification is signed"
                )
            }
        }
        if !hasChains { chains = Self.standardChains(notify: notify) }
    }

    /// What no single value shows: names that are used twice or name nothing.
    private func check(_ faults: FaultList) {
        func checkUnique(_ names: [String], _ kind: String) {
            for (index, name) in names.enumerated() where names[..<index].contains(name) {
                faults.add(kind, "two have the name or path \(name)")
            }
        }
        checkUnique(providers.map(\.name), "providers")
        checkUnique(endpoints.map(\.name), "endpoints")
        checkUnique(endpoints.map(\.path), "endpoints")
        checkUnique(chains.map(\.name), "chains")
        for endpoint in endpoints where !providers.contains(where: { $0.name == endpoint.provider })
        {
            faults.add(
                "endpoints",
                "\(endpoint.name) belongs to provider \(endpoint.provider), which is not declared"
            )
        }
        if consoleToken == nil, !console.isLoopback {
            faults.add(
                "console",
                "\(console) is reachable from other machines: set REELHOOK_API_TOKEN, or listen on"
                    + " 127.0.0.1"
            )
        }
        if let token = consoleToken, token.revealed.utf8.count < 16 {
            faults.add("REELHOOK_API_TOKEN", "is shorter than 16 bytes")
        }
        if dataDirectory.isEmpty { faults.add("data", "must not be empty") }
    }

    /// What is wrong with a provider's base URL, if something is.
    static func baseURLFault(_ text: String) -> String? {
        do throws(ProviderBaseURL.Fault) {
            _ = try ProviderBaseURL(text)
            return nil
        } catch {
            return error.description
        }
    }

    /// What is wrong with a signing secret, if something is; never its text.
    static func signingSecretFault(
        _ secret: Secret,
        _ compatibility: WebhookCompatibility
    ) -> String? {
        do throws(WebhookSecretError) {
            _ = try WebhookSecret(parsing: secret.revealed, compatibility: compatibility)
            return nil
        } catch {
            return error.description
        }
    }
}
