internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJSON

/// Whom the service notifies.
final class Target {
    let world: World
    let oracle: Oracle
    let storage: Storage
    var failure = 0.0
    /// How often it says no to a notification for good, and that it is gone.
    var refusals = 0.0
    var isGone = false
    private var refused: Set<String> = []
    private var chance: Chance

    init(_ world: World, _ oracle: Oracle, _ storage: Storage) {
        self.world = world
        self.oracle = oracle
        self.storage = storage
        chance = Chance(seed: world.seed, stream: 8)
    }

    func answer(_ request: HTTPClientRequest) -> Answer {
        if isGone { return Answer(410, "") }
        let subject = request.fields.only("webhook-id") ?? ""
        if chance.happens(refusals) { refused.insert(subject) }
        if refused.contains(subject) { return Answer(422, "") }
        // What goes wrong may go wrong before or after the notification has its effect.
        let fails = chance.happens(failure)
        if fails, chance.happens(0.5) { return refusal() }
        let id = request.fields.only("webhook-id") ?? ""
        let body = request.body ?? []
        oracle.expect(!id.isEmpty, "a notification has no id")
        oracle.notified(id)
        checkFiles(of: body)
        return fails ? refusal() : Answer(200, "{}")
    }

    /// It takes everything again.
    func relent() {
        (failure, refusals, isGone) = (0, 0, false)
        refused = []
    }

    private func refusal() -> Answer {
        switch chance.below(4) {
        case 0: Answer(500, "")
        case 1: Answer(429, "", ("Retry-After", "20"))
        case 2: Answer(503, "", ("Retry-After", "120"))
        default: Answer(404, "")
        }
    }

    /// Nobody is told of a video that is not stored, and stored means that a power cut now leaves
    /// it whole.
    private func checkFiles(of body: [UInt8]) {
        guard let document = try? JSONParser.parse(body),
            document["type"]?.string == "video.completed"
        else { return }
        let video = document["data"]?["id"]?.string ?? ""
        // Who tells of it may have stood still since, or tell of it late.
        guard !oracle.mayLack(filesOf: video) else { return }
        let files = document["data"]?["files"]?.array ?? []
        oracle.expect(!files.isEmpty, "a notification of a video names no file")
        for file in files {
            let place = file["location"]?.string ?? ""
            guard let node = storage.safeNode(place) else {
                oracle.violation("a notification names \(place), which is not safe on disk")
                continue
            }
            oracle.expect(
                Int64(node.durable.count) == file["bytes"]?.integer,
                "a notification names \(place), whose content is not safe on disk"
            )
        }
    }
}
