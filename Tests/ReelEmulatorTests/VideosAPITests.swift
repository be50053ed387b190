import ReelHTTP
import ReelJSON
import TestSupport
import Testing

@testable import ReelEmulator

struct VideosAPITests {
    private static let fieldNames: Set<String> = [
        "id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at",
        "prompt", "size", "seconds", "remixed_from_video_id", "error",
    ]

    @Test func `a new video has all thirteen fields with explicit nulls`() async throws {
        let fixture = EmulatorFixture()
        let response = try await fixture.post("/v1/videos", json: #"{"prompt": "A reel"}"#)
        let video = try await response.json()
        #expect(Set(video.object?.names ?? []) == Self.fieldNames)
        #expect(video["status"] == .string("queued"))
        #expect(video["progress"]?.integer == 0)
        #expect(video["seconds"] == .string("4"))
        #expect(video["model"] == .string("sora-2"))
        #expect(video["size"] == .string("720x1280"))
        for name in ["completed_at", "expires_at", "remixed_from_video_id", "error"] {
            #expect(video[name] == .null)
        }
        #expect(response.fields["openai-poll-after-ms"] == "500")
        #expect(response.fields["x-request-id"]?.hasPrefix("req_") == true)
    }

    @Test func `a job is queued, progresses, is completed and expires after an hour`() async throws
    {
        let fixture = EmulatorFixture()
        let id = try await fixture.create()
        fixture.time.advance(by: .seconds(1))
        #expect(try await fixture.status(id) == "queued 0")
        fixture.time.advance(by: .seconds(5))
        #expect(try await fixture.status(id) == "in_progress 50")
        fixture.time.advance(by: .seconds(4))
        #expect(try await fixture.status(id) == "completed 100")
        let response = try await fixture.get("/v1/videos/\(id)")
        let video = try await response.json()
        let completedAt = try #require(video["completed_at"]?.integer)
        #expect(video["expires_at"]?.integer == completedAt + 3600)
        #expect(response.fields["openai-poll-after-ms"] == nil)
    }

    @Test func `a prompt with the marker fails with moderation_blocked`() async throws {
        let fixture = EmulatorFixture()
        let id = try await fixture.createCompleted("A reel [fail]")
        let video = try await fixture.get("/v1/videos/\(id)").json()
        #expect(video["status"] == .string("failed"))
        #expect(video["error"]?["code"] == .string("moderation_blocked"))
        #expect(video["completed_at"] == .null)
        #expect(video["expires_at"] == .null)
        #expect(try await fixture.get("/v1/videos/\(id)/content").status == .badRequest)
    }

    @Test(arguments: [
        (#"{}"#, "prompt", "missing_required_parameter"),
        (#"{"prompt": null}"#, "prompt", "missing_required_parameter"),
        (#"{"prompt": ""}"#, "prompt", "empty_string"),
        (#"{"prompt": 5}"#, "prompt", "invalid_type"),
        (#"{"prompt": "a", "seconds": 8}"#, "seconds", "invalid_type"),
        (#"{"prompt": "a", "seconds": "5"}"#, "seconds", "invalid_value"),
        (#"{"prompt": "a", "size": "1x1"}"#, "size", "invalid_value"),
        (#"{"prompt": "a", "size": "1920x1080"}"#, "size", "invalid_value"),
        (#"{"prompt": "a", "input_reference": "x"}"#, "input_reference", "invalid_type"),
        (#"{"prompt": "a", "input_reference": {}}"#, "input_reference", "invalid_value"),
        (
            #"{"prompt": "a", "input_reference": {"file_id": "f", "image_url": "u"}}"#,
            "input_reference", "invalid_value"
        ),
        (
            #"{"prompt": "a", "characters": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}"#,
            "characters", "array_above_max_length"
        ),
    ])
    func `a wrong parameter is refused by name`(
        body: String,
        param: String,
        code: String
    ) async throws {
        let response = try await EmulatorFixture().post("/v1/videos", json: body)
        #expect(response.status == .badRequest)
        let error = try await response.json()["error"]
        #expect(error?["param"] == .string(param))
        #expect(error?["code"] == .string(code))
        #expect(error?["type"] == .string("invalid_request_error"))
    }

    @Test func `a prompt of 32000 characters is taken and one more is refused`() async throws {
        let fixture = EmulatorFixture()
        let longest = String(repeating: "a", count: 32_000)
        _ = try await fixture.create(longest)
        let response = try await fixture.post("/v1/videos", json: #"{"prompt": "\#(longest)b"}"#)
        #expect(try await response.errorCode() == "string_above_max_length")
    }

    @Test(arguments: ["not json", "[]", ""])
    func `a body that is no JSON object is refused`(body: String) async throws {
        let response = try await EmulatorFixture().post("/v1/videos", json: body)
        #expect(response.status == .badRequest)
    }

    @Test func `the larger model has the larger sizes`() async throws {
        let response = try await EmulatorFixture().post(
            "/v1/videos",
            json: #"{"prompt": "a", "model": "sora-2-pro", "size": "1920x1080", "seconds": "20"}"#
        )
        #expect(response.status == .ok)
    }

    @Test func `a form is read like JSON, and its text is a string`() async throws {
        var form = MultipartText()
        form.add("prompt", "A reel")
        form.add("seconds", "8")
        form.add("size", "1280x720")
        let response = try await EmulatorFixture().send(
            .post,
            "/v1/videos",
            fields: MultipartText.fields,
            body: form.body
        )
        let video = try await response.json()
        #expect(video["seconds"] == .string("8"))
        #expect(video["size"] == .string("1280x720"))
    }

    @Test(arguments: [
        ("image/png", 400, "Inpaint image must match the requested width and height"),
        ("application/octet-stream", 400, "unsupported_mimetype"),
        (nil, 400, "unsupported_mimetype"),
    ])
    func `a reference picture needs the right type and size`(
        type: String?,
        status: Int,
        code: String
    ) async throws {
        var form = MultipartText()
        form.add("prompt", "A reel")
        form.addFile("input_reference", type: type, try Fixture.bytes("media/valid/thumbnail.png"))
        let response = try await EmulatorFixture().send(
            .post,
            "/v1/videos",
            fields: MultipartText.fields,
            body: form.body
        )
        #expect(response.status.code == status)
        #expect(try await response.errorCode() == code)
    }

    @Test func `the list is paged from the newest or from the oldest`() async throws {
        let fixture = EmulatorFixture()
        var ids: [String] = []
        for number in 1...5 { ids.append(try await fixture.create("Reel \(number)")) }
        let newest = try await fixture.get("/v1/videos?limit=2").json()
        #expect(newest["object"] == .string("list"))
        #expect(newest["first_id"]?.string == ids[4])
        #expect(newest["last_id"]?.string == ids[3])
        #expect(newest["has_more"] == .bool(true))
        let rest = try await fixture.get("/v1/videos?limit=3&after=\(ids[3])").json()
        #expect(rest["data"]?.array?.map { $0["id"]?.string } == [ids[2], ids[1], ids[0]])
        #expect(rest["has_more"] == .bool(false))
        let oldest = try await fixture.get("/v1/videos?order=asc&limit=1").json()
        #expect(oldest["data"]?.array?.map { $0["id"]?.string } == [ids[0]])
    }

    @Test func `an empty list says so`() async throws {
        let list = try await EmulatorFixture().get("/v1/videos").json()
        #expect(list["data"] == .array([]))
        #expect(list["last_id"] == .null)
        #expect(list["has_more"] == .bool(false))
    }

    @Test(arguments: [
        ("limit=0", "integer_out_of_range"), ("limit=101", "integer_out_of_range"),
        ("limit=x", "invalid_type"), ("order=up", "invalid_value"),
    ])
    func `a wrong query is refused`(query: String, code: String) async throws {
        let response = try await EmulatorFixture().get("/v1/videos?\(query)")
        #expect(response.status == .badRequest)
        #expect(try await response.errorCode() == code)
    }

    @Test func `a deleted video is gone`() async throws {
        let fixture = EmulatorFixture()
        let id = try await fixture.create()
        let answer = try await fixture.send(.delete, "/v1/videos/\(id)").json()
        #expect(answer["id"]?.string == id)
        #expect(answer["deleted"] == .bool(true))
        #expect(answer["object"] == .string("video.deleted"))
        for path in ["/v1/videos/\(id)", "/v1/videos/\(id)/content"] {
            #expect(try await fixture.get(path).status == .notFound)
        }
        #expect(try await fixture.send(.delete, "/v1/videos/\(id)").status == .notFound)
    }

    @Test func `a remix tells what it was made from`() async throws {
        let fixture = EmulatorFixture()
        let early = try await fixture.create()
        let tooSoon = try await fixture.post("/v1/videos/\(early)/remix", json: #"{"prompt":"b"}"#)
        #expect(tooSoon.status == .badRequest)
        fixture.time.advance(by: .seconds(10))
        let remix = try await fixture.post("/v1/videos/\(early)/remix", json: #"{"prompt":"b"}"#)
            .json()
        #expect(remix["remixed_from_video_id"]?.string == early)
        #expect(remix["prompt"] == .string("b"))
    }

    @Test func `an edit and an extension name their video in JSON or in brackets`() async throws {
        let fixture = EmulatorFixture()
        let id = try await fixture.createCompleted()
        let edit = try await fixture.post(
            "/v1/videos/edits",
            json: #"{"prompt": "b", "video": {"id": "\#(id)"}}"#
        )
        #expect(edit.status == .ok)
        var form = MultipartText()
        form.add("prompt", "c")
        form.add("seconds", "8")
        form.add("video[id]", id)
        let extended = try await fixture.send(
            .post,
            "/v1/videos/extensions",
            fields: MultipartText.fields,
            body: form.body
        )
        #expect(try await extended.json()["seconds"] == .string("12"))
    }

    @Test func `without the key nothing is shown, and the answer does not hold it`() async throws {
        let fixture = EmulatorFixture { $0.apiKeys = ["sk-right"] }
        #expect(try await fixture.get("/v1/videos").status == .unauthorized)
        let wrong = try await fixture.get("/v1/videos", ["Authorization": "Bearer sk-wrong"])
        #expect(try await wrong.errorCode() == "invalid_api_key")
        let text = String(decoding: await wrong.download().bytes, as: UTF8.self)
        #expect(!text.contains("sk-"))
        let right = try await fixture.get("/v1/videos", ["Authorization": "Bearer sk-right"])
        #expect(right.status == .ok)
    }

    @Test(arguments: [
        (HTTPMethod.get, "/v1/video", 404), (.get, "/", 404), (.put, "/v1/videos", 405),
        (.post, "/v1/videos/video_x", 405), (.get, "/v1/videos/video_x", 404),
        (.get, "/v1/videos/video_x/remix", 405), (.get, "/v1/videos/..%2F..%2Fetc/content", 404),
    ])
    func `an unknown path and a wrong method have their envelope`(
        method: HTTPMethod,
        path: String,
        status: Int
    ) async throws {
        let response = try await EmulatorFixture().send(method, path)
        #expect(response.status.code == status)
        #expect(response.fields.contains("Allow") == (status == 405))
        #expect(try await response.json()["error"]?["message"]?.string?.isEmpty == false)
    }

    @Test func `the oldest job makes room when there are too many`() async throws {
        let fixture = EmulatorFixture { $0.jobCountMax = 2 }
        let first = try await fixture.create()
        _ = try await fixture.create()
        _ = try await fixture.create()
        #expect(try await fixture.get("/v1/videos/\(first)").status == .notFound)
        #expect(try await fixture.get("/v1/videos").json()["data"]?.array?.count == 2)
    }
}

extension EmulatorFixture {
    /// The state and progress of a video, as one text.
    fileprivate func status(_ id: String) async throws -> String {
        let video = try await get("/v1/videos/\(id)").json()
        return "\(video["status"]?.string ?? "-") \(video["progress"]?.integer ?? -1)"
    }
}
