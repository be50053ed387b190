public import ReelEvents
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelHandlers
internal import ReelWebhooks

/// The steps that Reelhook brings along, ready for the service that they are chained in.
public struct StandardSteps: Sendable {
    let parts: ServiceParts

    /// Downloads the event's video in the variants named, whole and checked, beside the store.
    public func fetch(
        variants: [String] = ["video", "thumbnail", "spritesheet"],
        retry: RetryPolicy = RetryPolicy(),
        timeLimit: Duration = .seconds(3600)
    ) -> Step {
        let settings = parts.configuration.fetch
        var limits = FetchLimits()
        limits.byteCountMax = settings.byteCountMax
        limits.transferTimeout = settings.transferTimeout
        limits.checkpointByteCount = settings.checkpointByteCount
        limits.refusesDifferences = settings.refusesDifferences
        limits.durationTolerance = settings.durationTolerance
        limits.expiryGrace = settings.expiryGrace
        let handler = FetchHandler(
            providers: parts.providers,
            staging: parts.staging,
            journal: parts.journal,
            variants: variants,
            limits: limits,
            time: parts.surroundings.time,
            logger: parts.surroundings.logger,
            metrics: parts.surroundings.metrics
        )
        return Step("fetch", handler, retry: retry, timeLimit: timeLimit)
    }

    /// Puts what was fetched under its final name and writes the manifest; follows a fetch.
    public func store(
        retry: RetryPolicy = RetryPolicy(),
        timeLimit: Duration = .seconds(3600)
    ) -> Step {
        let handler = StoreHandler(
            store: parts.store,
            staging: parts.staging,
            journal: parts.journal,
            time: parts.surroundings.time,
            logger: parts.surroundings.logger
        )
        return Step(StoreNote.stepName, handler, retry: retry, timeLimit: timeLimit)
    }

    /// Posts a signed notification to a URL, by the schedule of the Standard Webhooks guide unless
    /// a retry policy is given.
    ///
    /// Notifications that stand next to each other in a chain are told each by itself; see
    /// `Step.lane`.
    ///
    /// - Throws: `ConfigurationError` when the URL or a secret is none.
    public func notify(
        _ name: String = "notify",
        url: String,
        secrets: [Secret],
        retry: RetryPolicy? = nil,
        timeLimit: Duration = .seconds(60)
    ) throws(ConfigurationError) -> Step {
        let settings = NotifySettings(url: url, secrets: secrets)
        guard !secrets.isEmpty else {
            throw ConfigurationError(faults: [.init(place: name, message: "a secret is missing")])
        }
        return try notify(
            name,
            settings,
            retry: retry ?? .standardWebhooks,
            timeLimit: timeLimit
        )
    }

    func notify(
        _ name: String,
        _ settings: NotifySettings,
        retry: RetryPolicy,
        timeLimit: Duration
    ) throws(ConfigurationError) -> Step {
        var faults: [ConfigurationError.Fault] = []
        if HTTPURL(settings.url) == nil {
            faults.append(.init(place: name, message: "expected an http or https URL"))
        }
        var keys: [WebhookSecret] = []
        for secret in settings.secrets {
            do throws(WebhookSecretError) {
                keys.append(try WebhookSecret(parsing: secret.revealed))
            } catch {
                faults.append(.init(place: name, message: error.description))
            }
        }
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
        var target = NotifyHandler.Target(
            url: settings.url,
            signer: keys.isEmpty ? nil : WebhookSigner(secrets: keys),
            destinations: parts.configuration.destinations(for: settings.url)
        )
        target.shape = settings.shape
        target.filter = settings.filter
        target.timeout = settings.timeout
        let handler = NotifyHandler(
            target,
            transport: parts.client,
            journal: parts.journal,
            time: parts.surroundings.time,
            gone: parts.goneTargets,
            logger: parts.surroundings.logger
        )
        return Step(name, handler, retry: retry, timeLimit: timeLimit, lane: handler.name)
    }

    /// Runs a program with the event on its standard input.
    func run(_ settings: RunSettings, named name: String, timeLimit: Duration) -> Step {
        let inherited = processEnvironment()
        var environment = settings.environment
        for variable in settings.passedVariables {
            if let value = inherited[variable] { environment[variable] = value }
        }
        let handler = RunHandler(
            command: settings.command,
            directory: settings.directory,
            environment: environment,
            timeLimit: timeLimit,
            outputByteCountMax: settings.outputByteCountMax,
            journal: parts.journal,
            logger: parts.surroundings.logger,
            runCommand: parts.surroundings.machine.runCommand
        )
        return Step(name, handler, timeLimit: timeLimit)
    }

    /// The chains of the configuration.
    func configuredChains() throws(ConfigurationError) -> [Chain] {
        var chains: [Chain] = []
        for settings in parts.configuration.chains {
            var steps: [Step] = []
            for step in settings.steps { steps.append(try self.step(step)) }
            chains.append(Chain(settings.name, on: settings.types, steps: steps))
        }
        return chains
    }

    private func step(_ settings: StepSettings) throws(ConfigurationError) -> Step {
        let made =
            switch settings.work {
            case .fetch(let variants): fetch(variants: variants)
            case .store: store()
            case .notify(let target):
                try notify(
                    settings.name,
                    target,
                    retry: settings.retry,
                    timeLimit: settings.timeLimit
                )
            case .run(let command):
                run(command, named: settings.name, timeLimit: settings.timeLimit)
            }
        return Step(
            settings.name,
            made.handler,
            retry: settings.retry,
            timeLimit: settings.timeLimit,
            lane: settings.isInTurn ? nil : made.lane
        )
    }
}
