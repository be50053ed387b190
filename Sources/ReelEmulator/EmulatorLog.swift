internal import ReelJSON
internal import ReelRuntime

/// What was asked of the emulator and what it sent, for a test to look at; the newest lines only.
///
/// It holds no key, no signature and no content.
struct EmulatorLog: Sendable {
    /// A request that was answered.
    struct Request: Sendable {
        var moment: Timestamp
        var method: String
        var path: String
        var query: String?
        var route: String
        var videoID: String?
        var status: Int
        var faults: [String]
        var range: String?
        var ifRange: String?
        var userAgent: String?
        /// Which of the keys it came with, from 0; nil for none of them.
        var key: Int?
        /// Whether it came with any key at all.
        var isAuthorized: Bool
    }

    /// An attempt to deliver a webhook, or the decision not to.
    struct Delivery: Sendable {
        var moment: Timestamp
        var webhookID: String
        var eventID: String
        var type: String
        var videoID: String
        /// From 1; 0 for one that was dropped.
        var attempt: Int
        var faults: [String]
        /// The receiver's status; nil when none came.
        var status: Int?
        /// Why no status came, or why there was no attempt.
        var reason: String?
    }

    private var requests: [Request] = []
    private var deliveries: [Delivery] = []
    private(set) var requestCount = 0
    private let lineCountMax: Int

    init(lineCountMax: Int) {
        self.lineCountMax = max(1, lineCountMax)
    }

    mutating func add(_ request: Request) {
        requestCount += 1
        requests.append(request)
        // Cut in halves, so that a full log does not move all its lines for each new one.
        if requests.count > 2 * lineCountMax { requests.removeFirst(lineCountMax) }
    }

    mutating func add(_ delivery: Delivery) {
        deliveries.append(delivery)
        if deliveries.count > 2 * lineCountMax { deliveries.removeFirst(lineCountMax) }
    }

    var json: JSONValue {
        .object([
            "requests": .array(requests.suffix(lineCountMax).map(\.json)),
            "deliveries": .array(deliveries.suffix(lineCountMax).map(\.json)),
        ])
    }
}

extension EmulatorLog.Request {
    var json: JSONValue {
        .object([
            "at": .string(moment.description),
            "method": .string(method),
            "path": .string(path),
            "query": .string(orNull: query),
            "route": .string(route),
            "video_id": .string(orNull: videoID),
            "status": .integer(status),
            "faults": .array(faults.map { .string($0) }),
            "range": .string(orNull: range),
            "if_range": .string(orNull: ifRange),
            "user_agent": .string(orNull: userAgent),
            "key": .integer(orNull: key),
            "authorized": .bool(isAuthorized),
        ])
    }
}

extension EmulatorLog.Delivery {
    var json: JSONValue {
        .object([
            "at": .string(moment.description),
            "webhook_id": .string(webhookID),
            "event_id": .string(eventID),
            "type": .string(type),
            "video_id": .string(videoID),
            "attempt": .integer(attempt),
            "faults": .array(faults.map { .string($0) }),
            "status": .integer(orNull: status),
            "reason": .string(orNull: reason),
        ])
    }
}
