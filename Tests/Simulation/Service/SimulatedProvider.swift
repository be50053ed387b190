internal import ReelCrypto
internal import ReelHTTP
internal import ReelHTTPClient

/// A server of `/v1/videos` in the simulated world, with the truth about its videos.
final class SimulatedProvider {
    /// How a video ends.
    enum End { case completed, failed }

    /// A video as its maker knows it.
    final class Video {
        let id: String
        let createdAt: Int64
        let endsAt: Int64
        let end: End
        let linkLifetime: Int64
        let hasExtras: Bool
        /// Every content that it was ever served with, the last one being the present one.
        var versions: [[UInt8]] = []
        var isForgotten = false
        /// Whether its deletion is refused for good.
        var isStaying: Bool?
        /// Whether its content is refused for good.
        var isRefused = false
        /// Whether the service has acknowledged a delivery that tells of it.
        var isKnown = false

        init(
            id: String,
            createdAt: Int64,
            endsAt: Int64,
            end: End,
            linkLifetime: Int64,
            hasExtras: Bool
        ) {
            self.id = id
            self.createdAt = createdAt
            self.endsAt = endsAt
            self.end = end
            self.linkLifetime = linkLifetime
            self.hasExtras = hasExtras
        }

        var expiresAt: Int64 { endsAt + linkLifetime }
        var content: [UInt8] { versions.last ?? [] }
        var entityTag: String { "\"v\(versions.count)-\(id)\"" }
    }

    /// What goes wrong with it for now.
    struct Weather {
        var refusal = 0.0
        var cut = 0.0
        var newVersion = 0.0
        /// How often a new video is one whose content is refused.
        var refusedVideos = 0.0
        /// How often a video is one that cannot be deleted.
        var refusedDeletion = 0.0
        var isOut = false
        /// Whether it can send a part of a file.
        var knowsRanges = true
    }

    let world: World
    var weather = Weather()
    private var chance: Chance
    private(set) var videos: [Video] = []
    private var videoCount = 0
    var whenCreated: ((Video) -> Void)?

    init(_ world: World) {
        self.world = world
        chance = Chance(seed: world.seed, stream: 4)
    }

    private var now: Int64 { world.trueMilliseconds }

    func video(_ id: String) -> Video? { videos.first { $0.id == id } }

    /// Begins a video.
    func create() -> Video {
        videoCount += 1
        let work = Int64(chance.within(1_000...180_000))
        let video = Video(
            id: "video_\(videoCount)x\(chance.below(1 << 20))",
            createdAt: now,
            endsAt: now + work,
            end: chance.happens(0.85) ? .completed : .failed,
            linkLifetime: Int64([300_000, 1_800_000, 3_600_000][chance.below(3)]),
            hasExtras: chance.happens(0.7)
        )
        video.versions = [film(chance.within(16...24_000))]
        video.isRefused = chance.happens(weather.refusedVideos)
        videos.append(video)
        whenCreated?(video)
        return video
    }

    /// A film like no other: the same one with a free box of its own behind it.
    private func film(_ count: Int) -> [UInt8] {
        let size = UInt32(count + 8)
        var box = (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * UInt32($0))) }
        box += Array("free".utf8)
        while box.count < count + 8 { box.append(UInt8(truncatingIfNeeded: chance.next())) }
        return Media.film + box
    }

    /// Makes a video's content anew, often as long as it was.
    func renew(_ id: String) {
        guard let video = video(id), video.versions.count < 8 else { return }
        let count = video.content.count - Media.film.count - 8
        video.versions.append(film(chance.happens(0.7) ? count : chance.within(16...24_000)))
    }

    /// It sends everything again that it refused to send.
    func relent() {
        for video in videos { (video.isRefused, video.isStaying) = (false, false) }
    }

    /// It starts anew and has nothing in memory.
    func forget() {
        for video in videos { video.isForgotten = true }
    }

    // MARK: Requests

    func answer(_ request: HTTPClientRequest) -> Answer {
        if weather.isOut { return Answer(502, "<html>", type: "text/html") }
        if chance.happens(weather.refusal) { return refusal() }
        let target = request.url.split(separator: "/v1").last.map(String.init) ?? ""
        let path = target.split(separator: "?")[0].split(separator: "/").map(String.init)
        let query = target.split(separator: "?").dropFirst().first.map(String.init) ?? ""
        switch (request.method, path.count) {
        case (.post, 1): return Answer(200, object(create()))
        case (.get, 1): return list(query)
        case (.get, 2):
            guard let video = known(path[1]) else { return .unknown }
            return Answer(200, object(video))
        case (.delete, 2): return known(path[1]).map(delete) ?? .unknown
        case (.get, 3):
            guard let video = known(path[1]) else { return .unknown }
            return content(of: video, query, request.fields)
        default: return .unknown
        }
    }

    /// Whether it would tell of a video.
    func knows(_ id: String) -> Bool { known(id) != nil }

    private func delete(_ video: Video) -> Answer {
        let isStaying = video.isStaying ?? chance.happens(weather.refusedDeletion)
        video.isStaying = isStaying
        guard !isStaying else { return Answer(409, #"{"error":{"message":"it is in use"}}"#) }
        video.isForgotten = true
        return Answer(200, #"{"id":"\#(video.id)","object":"video.deleted","deleted":true}"#)
    }

    private func known(_ id: String) -> Video? {
        video(id).flatMap { $0.isForgotten ? nil : $0 }
    }

    private func refusal() -> Answer {
        switch chance.below(6) {
        case 0: Answer(500, #"{"error":{"message":"it broke","type":"server_error"}}"#)
        case 1: Answer(502, "<html>", type: "text/html")
        case 2: Answer(429, #"{"error":{"code":"rate_limit_exceeded"}}"#, ("Retry-After", "3"))
        case 3: Answer(503, "{}", ("Retry-After", "7"))
        case 4: Answer(200, "<html>it is late</html>", type: "text/html")
        default: Answer(503, "busy", type: "text/plain")
        }
    }

    private func list(_ query: String) -> Answer {
        let there = videos.filter { !$0.isForgotten }.reversed()
        let objects = there.prefix(100).map(object).joined(separator: ",")
        return Answer(200, #"{"object":"list","data":[\#(objects)],"has_more":false}"#)
    }

    private func object(_ video: Video) -> String {
        var words = [
            #""id":"\#(video.id)""#, #""object":"video""#, #""model":"sora-2""#,
            #""created_at":\#(video.createdAt / 1000)"#,
        ]
        if now < video.endsAt {
            let progress = (now - video.createdAt) * 100 / max(video.endsAt - video.createdAt, 1)
            words += [#""status":"in_progress""#, #""progress":\#(progress)"#]
        } else if video.end == .failed {
            words += [
                #""status":"failed""#, #""completed_at":\#(video.endsAt / 1000)"#,
                #""error":{"code":"moderation_blocked","message":"no"}"#,
            ]
        } else {
            words += [
                #""status":"completed""#, #""progress":100"#,
                #""completed_at":\#(video.endsAt / 1000)"#,
                #""expires_at":\#(video.expiresAt / 1000)"#,
            ]
        }
        return "{" + words.joined(separator: ",") + "}"
    }

    private func content(of video: Video, _ query: String, _ fields: HTTPFields) -> Answer {
        guard video.end == .completed, now >= video.endsAt else {
            return Answer(400, #"{"error":{"code":"video_not_ready"}}"#)
        }
        guard now < video.expiresAt else { return .unknown }
        if query.contains("thumbnail") || query.contains("spritesheet") {
            guard video.hasExtras else { return .unknown }
            let isThumbnail = query.contains("thumbnail")
            let bytes = isThumbnail ? Media.thumbnail : Media.sheet
            return sent(bytes, "\"x\"", fields, isThumbnail ? "image/webp" : "image/jpeg")
        }
        if video.isRefused {
            return Answer(400, #"{"error":{"code":"content_policy_violation","message":"no"}}"#)
        }
        if chance.happens(weather.newVersion) { renew(video.id) }
        return sent(video.content, video.entityTag, fields, "video/mp4")
    }

    private func sent(
        _ bytes: [UInt8],
        _ entityTag: String,
        _ fields: HTTPFields,
        _ type: String
    ) -> Answer {
        var answer = Answer(200, bytes: bytes, type: type)
        let range = fields.only("Range")?.dropFirst("bytes=".count).dropLast()
        // A validator that is not the present one's asks for the whole (RFC 9110, 13.1.5).
        let isCurrent = fields.only("If-Range").map { $0 == entityTag } ?? true
        if weather.knowsRanges, isCurrent, let start = range.flatMap({ Int($0) }) {
            guard start < bytes.count else { return Answer(416, "") }
            answer = Answer(206, bytes: Array(bytes[start...]), type: type)
            answer.fields.append(
                "Content-Range",
                "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
            )
        }
        answer.fields.append("ETag", entityTag)
        if chance.happens(weather.cut) { answer.cutAt = chance.below(answer.body.count + 1) }
        return answer
    }
}

/// What a server of the simulated world answers.
struct Answer {
    let status: Int
    var fields: HTTPFields
    let body: [UInt8]
    /// After how many bytes of the content the connection breaks.
    var cutAt: Int?

    static let unknown = Answer(404, #"{"error":{"code":"not_found"}}"#)

    init(_ status: Int, bytes: [UInt8], type: String) {
        self.status = status
        body = bytes
        fields = ["Content-Type": type, "Content-Length": String(bytes.count)]
    }

    init(
        _ status: Int,
        _ text: String,
        _ more: (String, String)...,
        type: String = "application/json"
    ) {
        self.init(status, bytes: Array(text.utf8), type: type)
        for (name, value) in more { fields.append(name, value) }
    }
}
