internal import ReelRuntime

/// Decides from the seed which request, webhook or video is hit by which fault.
///
/// A decision depends on the seed, on what it is about and on how often that was asked for, never
/// on what else goes on at the same time; so the same client sees the same faults in each run.
struct FaultPlan: Sendable {
    /// What goes wrong with an answer instead of the right one.
    enum AnswerFault: String, Sendable {
        case serverError = "http_500"
        case rateLimit = "http_429"
        case html = "html"
        case lostAnswer = "lose_answer"
        case multipartOnly = "multipart_only"
        case refusedDeletion = "refuse_delete"
        case throttled = "throttle"
    }

    /// What goes wrong with the bytes of an answer's body; a fraction says how far it gets.
    enum TransferFault: Sendable {
        case cut(fraction: Double)
        case stall(fraction: Double)
        case shortLength(fraction: Double)
        case longLength

        var name: String {
            switch self {
            case .cut: "cut"
            case .stall: "stall"
            case .shortLength: "short_length"
            case .longLength: "long_length"
            }
        }
    }

    /// What goes wrong with one answer that carries content.
    struct ContentFaults: Sendable {
        var transfer: TransferFault?
        var isSlow = false
        var changesTag = false
        var ignoresRange = false
        var isPage = false
        var isElsewhere = false

        var names: [String] {
            [
                transfer?.name, isSlow ? "slow" : nil, changesTag ? "change_etag" : nil,
                ignoresRange ? "ignore_range" : nil, isPage ? "html_content" : nil,
                isElsewhere ? "redirect_content" : nil,
            ].compactMap(\.self)
        }
    }

    /// What becomes of the webhook of one end.
    struct WebhookFaults: Sendable {
        var isDropped = false
        var isDuplicated = false
        var hasSecondEvent = false
        var delay: Duration = .zero
        var names: [String] = []
    }

    private struct Route: Sendable {
        var requestCount = 0
        var spoiledInARow = 0
    }

    let seed: UInt64
    var faults: EmulatorFaults
    /// By the video's id, or `-` for requests that name none; then by the route.
    private var routes: [String: [String: Route]] = [:]

    init(seed: UInt64, faults: EmulatorFaults) {
        self.seed = seed
        self.faults = faults
    }

    /// Random numbers that belong to one matter alone.
    func random(_ matter: String) -> SeededRandomSource {
        // FNV-1a, which spreads short texts well enough to seed SplitMix64.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in matter.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return SeededRandomSource(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ hash)
    }

    /// The routes that make a job.
    private static let making: Set<String> = ["create", "remix", "edit", "extend"]

    /// Decides about the next answer on a route, and counts it.
    mutating func decideAnswer(
        route: String,
        video: String?,
        carriesContent: Bool,
        isJSON: Bool = false
    ) -> (answer: AnswerFault?, content: ContentFaults) {
        let key = video ?? "-"
        var state = routes[key]?[route] ?? Route()
        let random = random("answer \(key) \(route) \(state.requestCount)")
        state.requestCount += 1
        let isSpared = state.spoiledInARow >= faults.runLengthMax
        func hits(_ chance: Probability) -> Bool {
            random.chance(chance.value) && !(isSpared && chance != .always)
        }

        var answer: AnswerFault?
        var content = ContentFaults()
        if Self.making.contains(route), hits(faults.lostAnswers) { answer = .lostAnswer }
        if hits(faults.rateLimits) { answer = .rateLimit }
        if hits(faults.serverErrors) { answer = .serverError }
        if hits(faults.htmlAnswers) { answer = .html }
        if Self.making.contains(route), isJSON, random.chance(faults.multipartOnly.value) {
            answer = .multipartOnly
        }
        if route == "delete", random.chance(faults.refusedDeletions.value) {
            answer = .refusedDeletion
        }
        if carriesContent, answer == nil {
            let fraction = random.unit()
            if hits(faults.longLengths) { content.transfer = .longLength }
            if hits(faults.shortLengths) { content.transfer = .shortLength(fraction: fraction) }
            if hits(faults.stalledTransfers) { content.transfer = .stall(fraction: fraction) }
            if hits(faults.cutTransfers) {
                content.transfer = .cut(fraction: faults.cutPlace ?? fraction)
            }
            content.isPage = hits(faults.htmlContent)
            content.isSlow = random.chance(faults.slowTransfers.value)
            content.changesTag = random.chance(faults.changedTags.value)
            content.ignoresRange = random.chance(faults.ignoredRanges.value)
            content.isElsewhere = random.chance(faults.redirectedContent.value)
        }
        let isSpoiled = answer != nil || content.transfer != nil || content.isPage
        state.spoiledInARow = isSpoiled ? state.spoiledInARow + 1 : 0
        routes[key, default: [:]][route] = state
        return (answer, content)
    }

    /// Decides about the webhook of a video's end; a held-back one waits on top of `jobDuration`.
    func decideWebhook(video: String, jobDuration: Duration) -> WebhookFaults {
        let random = random("webhook \(video)")
        var decision = WebhookFaults()
        if random.chance(faults.dropWebhooks.value) {
            decision.isDropped = true
            decision.names.append("drop_webhooks")
        }
        if random.chance(faults.duplicateWebhooks.value) {
            decision.isDuplicated = true
            decision.names.append("duplicate")
        }
        if random.chance(faults.duplicateEvents.value) {
            decision.hasSecondEvent = true
            decision.names.append("duplicate_events")
        }
        if random.chance(faults.delayWebhooks.value) {
            decision.delay += faults.delay
            decision.names.append("delay")
        }
        if random.chance(faults.reorderWebhooks.value) {
            decision.delay += jobDuration * 2 * random.unit()
            decision.names.append("reorder")
        }
        return decision
    }

    /// Decides something that holds for the whole life of a video.
    func decide(_ chance: Probability, _ matter: String, video: String) -> Bool {
        random("\(matter) \(video)").chance(chance.value)
    }

    /// Drops what was counted for a video that is gone.
    mutating func forget(video: String) {
        routes[video] = nil
    }
}
