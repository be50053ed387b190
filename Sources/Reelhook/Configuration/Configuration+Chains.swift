internal import ReelEvents
internal import ReelHandlers

extension Configuration {
    /// The variants that a video may have, in the order in which they are fetched.
    static let variants = ["video", "thumbnail", "spritesheet"]

    /// What happens without a configuration file: completed videos are fetched and stored, and
    /// whoever is named is told of both ends.
    static func standardChains(notify: NotifySettings?) -> [ChainSettings] {
        var steps = [
            StepSettings(name: "fetch", work: .fetch(variants: variants)),
            StepSettings(name: "store", work: .store),
        ]
        var chains: [ChainSettings] = []
        if let notify {
            let tell = StepSettings(
                name: "notify",
                work: .notify(notify),
                retry: .standardWebhooks,
                timeLimit: .seconds(60)
            )
            steps.append(tell)
            chains.append(ChainSettings(name: "failed", types: [.videoFailed], steps: [tell]))
        }
        chains.insert(
            ChainSettings(name: "completed", types: [.videoCompleted], steps: steps),
            at: 0
        )
        return chains
    }

    static func chain(_ section: inout ObjectReader) -> ChainSettings? {
        let name = section.name("name")
        if name == nil { section.fault("name is missing") }
        let types = section.strings("on") ?? []
        if types.isEmpty {
            section.fault("on is missing: name the event types, such as video.completed")
        }
        var steps: [StepSettings] = []
        for var reader in section.objects("steps") ?? [] {
            if let step = step(&reader) { steps.append(step) }
        }
        if steps.isEmpty { section.fault("steps is missing or has no step that can be read") }
        let names = steps.map(\.name)
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            section.fault("steps", "two steps are named \(name); give one of them a \"name\"")
        }
        let isStored = steps.firstIndex { if case .store = $0.work { true } else { false } }
        let isFetched = steps.firstIndex { if case .fetch = $0.work { true } else { false } }
        if let isStored, isFetched.map({ $0 > isStored }) ?? true {
            section.fault("steps", "store needs a fetch before it")
        }
        section.finish()
        guard let name, !types.isEmpty, !steps.isEmpty else { return nil }
        return ChainSettings(name: name, types: types.map { EventType($0) }, steps: steps)
    }

    /// Reads `{"fetch": {…}}`, `{"store": {}}`, `{"notify": {…}}` or `{"run": {…}}`, each with an
    /// optional `name`, `retry` and `time_limit_seconds` beside it; a `notify` may be `in_turn`.
    private static func step(_ section: inout ObjectReader) -> StepSettings? {
        let name = section.name("name")
        let retry = section.object("retry")
        let timeLimit = section.seconds("time_limit_seconds", in: 1...86_400)
        let isInTurn = section.bool("in_turn")
        var found: [(String, StepSettings.Work)] = []
        if var reader = section.object("fetch") {
            found.append(("fetch", .fetch(variants: readVariants(&reader))))
        }
        if let reader = section.object("store") {
            reader.finish()
            found.append(("store", .store))
        }
        if var reader = section.object("notify"), let settings = notification(&reader) {
            found.append(("notify", .notify(settings)))
        }
        if var reader = section.object("run"), let settings = run(&reader) {
            found.append(("run", .run(settings)))
        }
        section.finish()
        let kinds = section.names.filter { ["fetch", "store", "notify", "run"].contains($0) }
        guard kinds.count == 1 else {
            section.fault("a step is exactly one of fetch, store, notify and run")
            return nil
        }
        if isInTurn != nil, kinds != ["notify"] {
            section.fault("in_turn", "only a notify can be; all other steps are")
        }
        guard let (kind, work) = found.first else { return nil }
        var step = StepSettings(name: name ?? kind, work: work)
        if kind == "notify" {
            step.isInTurn = isInTurn ?? false
            step.retry = .standardWebhooks
            step.timeLimit = .seconds(60)
        }
        if var retry {
            // It takes the place of the schedule; what it does not name stays.
            step.retry.schedule = []
            readRetry(&retry, into: &step.retry)
            retry.finish()
        }
        if let timeLimit { step.timeLimit = timeLimit }
        return step
    }

    private static func readVariants(_ section: inout ObjectReader) -> [String] {
        defer { section.finish() }
        guard let names = section.strings("variants") else { return variants }
        for name in names where !variants.contains(name) {
            section.fault(
                "variants",
                "unknown variant \(name); there are video, thumbnail, spritesheet"
            )
        }
        if !names.contains("video") { section.fault("variants", "must contain video") }
        return variants.filter { names.contains($0) }
    }

    private static func readRetry(_ section: inout ObjectReader, into retry: inout RetryPolicy) {
        if let attempts = section.integer("attempts", in: 1...1000) { retry.attempts = attempts }
        if let base = section.integer("base_ms", in: 1...3_600_000) {
            retry.base = .milliseconds(base)
        }
        if let cap = section.seconds("cap_seconds", in: 1...86_400) { retry.cap = cap }
        if let longest = section.seconds("longest_wait_seconds", in: 1...7 * 86_400) {
            retry.longestWait = longest
        }
    }

    private static func run(_ section: inout ObjectReader) -> RunSettings? {
        defer { section.finish() }
        guard let command = section.strings("command"), !command.isEmpty else {
            section.fault("command is missing: a list of the program and its arguments")
            return nil
        }
        var settings = RunSettings(command: command)
        if !command[0].hasPrefix("/") {
            section.fault("command", "the program is named by its absolute path")
        }
        settings.directory = section.text("directory")
        settings.passedVariables = section.strings("pass") ?? []
        if var variables = section.object("environment") {
            for name in variables.names {
                if let value = variables.string(name) { settings.environment[name] = value }
            }
        }
        if let count = section.integer("output_bytes_max", in: 0...16 << 20) {
            settings.outputByteCountMax = count
        }
        return settings
    }
}
