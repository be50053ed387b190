internal import ReelHTTP
internal import ReelRuntime
internal import ReelWebhooks

/// Webhooks on their way: signed, lost, doubled, late, out of order, and sent again until they are
/// taken.
final class Deliveries {
    /// How often they go astray.
    struct Weather {
        var loss = 0.1
        var doubling = 0.1
        var lateness = 0.1
    }

    /// One webhook.
    private struct Delivery {
        let id: String
        let body: [UInt8]
        let video: SimulatedProvider.Video?
    }

    let world: World
    let oracle: Oracle
    var weather = Weather()
    /// Posts a request to the service; the answer's status, or nil when there is none.
    var post: ((HTTPRequest, @escaping (Int?) -> Void) -> Void)?
    private var chance: Chance
    private var count = 0
    private var open: [String: Delivery] = [:]
    private let signer: WebhookSigner

    init(_ world: World, _ oracle: Oracle) throws {
        self.world = world
        self.oracle = oracle
        chance = Chance(seed: world.seed, stream: 6)
        signer = WebhookSigner(secrets: [try WebhookSecret(parsing: Settings.deliverySecret)])
    }

    /// Tells of an event of a video, in all likelihood.
    func tell(_ type: String, of video: SimulatedProvider.Video) {
        guard !chance.happens(weather.loss) else { return }
        count += 1
        let created = world.trueMilliseconds / 1000
        let body = """
            {"id":"evt_\(count)","object":"event","type":"\(type)","created_at":\(created),\
            "data":{"id":"\(video.id)"}}
            """
        send(Delivery(id: "msg_\(count)", body: Array(body.utf8), video: video))
    }

    /// Sends something that no chain takes: another type, or no event at all.
    func sendNoise() {
        count += 1
        let bodies = [
            #"{"id":"evt_n\#(count)","type":"response.completed","created_at":1,"data":{}}"#,
            #"{"type":"video.completed","data":{"id":"../x"}}"#, "no JSON", "",
        ]
        let body = bodies[chance.below(bodies.count)]
        send(Delivery(id: "msg_\(count)", body: Array(body.utf8), video: nil))
    }

    /// How many are not taken yet and not given up.
    var openCount: Int { open.count }

    /// Sends everything again that is not taken yet.
    func hurry() {
        for (_, delivery) in open.sorted(by: { $0.key < $1.key }) { attempt(delivery, 1) }
    }

    private func send(_ delivery: Delivery) {
        open[delivery.id] = delivery
        let late = chance.happens(weather.lateness) ? chance.span(10_000...900_000) : .zero
        world.after(late + chance.span(5...2_000)) { self.attempt(delivery, 1) }
        guard chance.happens(weather.doubling) else { return }
        world.after(late + chance.span(5...30_000)) { self.attempt(delivery, 1) }
    }

    private func attempt(_ delivery: Delivery, _ number: Int) {
        let now = Timestamp(millisecondsSinceEpoch: world.trueMilliseconds)
        var fields = signer.headers(id: delivery.id, at: now, body: delivery.body)
        fields.append("Content-Type", "application/json")
        guard let target = HTTPTarget("/webhooks/openai") else { return }
        let request = HTTPRequest(
            method: .post,
            target: target,
            fields: fields,
            body: delivery.body
        )
        // A service that dies, or stands still, leaves the sender without an answer.
        var isOver = false
        let heard: (Int?) -> Void = { status in
            self.world.trace.note(5, Int64(status ?? 0))
            if status == 200 { self.oracle.acknowledged(delivery.id, delivery.body) }
            guard !isOver else { return }
            isOver = true
            self.answered(status, delivery, number)
        }
        post?(request, heard)
        world.after(.seconds(20)) { if !isOver { heard(nil) } }
    }

    private func answered(_ status: Int?, _ delivery: Delivery, _ number: Int) {
        switch status {
        case 200:
            delivery.video?.isKnown = true
            open[delivery.id] = nil
            // The answer may be lost on its way, so that the sender does not know.
            if chance.happens(weather.loss) { again(delivery, number + 4) }
        case nil, 401, 503: again(delivery, number)
        case let other?: oracle.violation("a good delivery is answered \(other)")
        }
    }

    /// A sender goes on for three days; this one for some hours.
    private func again(_ delivery: Delivery, _ number: Int) {
        let waits = [5, 30, 120, 300, 600, 600, 1_200, 1_800, 3_600]
        guard number <= waits.count else {
            open[delivery.id] = nil
            return
        }
        let wait = Duration.seconds(waits[number - 1])
        world.after(wait + chance.span(0...3_000)) { self.attempt(delivery, number + 1) }
    }
}
