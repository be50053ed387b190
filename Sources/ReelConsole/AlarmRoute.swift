internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelJournal
internal import ReelReconciler
internal import ReelRuntime

/// `GET /v1/alarms`: the videos whose link dies soon and whose file is not here yet.
struct AlarmRoute: Sendable {
    let context: ConsoleContext

    func register(in router: inout HTTPRouter) {
        router.on(.get, "/v1/alarms") { _, _, _ in
            let now = context.time.now()
            let alarms = context.expiryWatch.alarms.map { Self.json($0, now) }
            let body: JSONObject = ["object": .string("list"), "data": .array(alarms)]
            return .json(.ok, JSONValue.object(body).serialized())
        }
    }

    private static func json(_ alarm: ExpiryWatch.Alarm, _ now: Timestamp) -> JSONValue {
        .object([
            "kind": .string("expiring"),
            "video_id": .string(alarm.videoID.rawValue),
            "provider": .string(alarm.provider),
            "sequence": .integer(alarm.sequence),
            "expires_at": .string(alarm.expiresAt.description),
            "presumed": .bool(alarm.isPresumed),
            "given_up": .bool(alarm.isGivenUp),
            "seconds_left": .integer(max(0, (alarm.expiresAt - now).components.seconds)),
            "step": .string(orNull: alarm.step),
            "attempts": .integer(alarm.attempts),
            "reason": .string(orNull: alarm.reason?.code),
            "detail": .string(orNull: alarm.reason?.detail),
        ])
    }
}
