import ReelHTTP
import ReelJSON
import Testing

@testable import ReelProviders

struct VideoOrderTests {
    private func order(
        _ json: String,
        for work: VideoWork = .create
    ) throws(VideoOrderError) -> VideoOrder {
        try VideoOrder(
            VideoCreation(contentType: "application/json", body: Array(json.utf8)),
            for: work
        )
    }

    private func form(_ parts: [MultipartPart]) throws(VideoOrderError) -> VideoOrder {
        try VideoOrder(
            VideoCreation(
                contentType: MultipartForm.contentType(boundary: "edge"),
                body: MultipartForm.encode(parts, boundary: "edge")
            ),
            for: .create
        )
    }

    private func form(_ fields: [(String, String)]) throws(VideoOrderError) -> VideoOrder {
        try form(fields.map { MultipartPart(name: $0.0, text: $0.1) })
    }

    private func video(_ json: JSONValue) throws -> VideoObject {
        try #require(VideoObject(json))
    }

    // MARK: - Digests

    /// Orders that all differ from one another.
    static let different = [
        #"{"prompt":"A"}"#, #"{"prompt":"B"}"#, #"{"prompt":"A","seed":7}"#,
        #"{"prompt":"A","seed":8}"#, #"{"prompt":"A","seed":9007199254740993}"#,
        #"{"prompt":"A","seed":9007199254740992}"#, #"{"prompt":"A","model":"sora-2"}"#,
        #"{"prompt":"A","characters":[{"id":"a"}]}"#,
        #"{"prompt":"A","characters":[{"id":"b"}]}"#,
        #"{"prompt":"A","characters":[{"id":"a"},{"id":"b"}]}"#,
        #"{"prompt":"A","characters":[{"id":"b"},{"id":"a"}]}"#,
        #"{"prompt":"A","characters":[{"id":"a","id":"b"}]}"#,
        #"{"prompt":"A","characters":[]}"#, #"{"prompt":"A","characters":{}}"#,
        #"{"prompt":"A","characters":[null]}"#,
        #"{"prompt":"A","input_reference":{"file_id":"f_1"}}"#,
        #"{"prompt":"A","input_reference":{"file_id":"f_2"}}"#,
        #"{"prompt":"A","input_reference":{"image_url":"https://example.com/1.png"}}"#,
        #"{"prompt":"A","input_reference":{"image_url":"https://example.com/2.png"}}"#,
        #"{"prompt":"A","input_reference":{"image_url":"data:image/png;base64,AAAA"}}"#,
        #"{"prompt":"A","input_reference":{"image_url":"data:image/png;base64,AAAB"}}"#,
        #"{"prompt":"A","input_reference":{"image_url":"data:image/webp;base64,AAAA"}}"#,
        #"{"prompt":"A","a":{"b":"c"}}"#, #"{"prompt":"A","a[b]":"c"}"#,
        #"{"prompt":"A","nobody_knows_this":true}"#,
    ]

    @Test func `orders that differ in any field have digests that differ`() throws {
        var seen: [String: String] = [:]
        for json in Self.different {
            let digest = try order(json).digest(for: "openai")
            #expect(seen[digest] == nil, "\(json) is \(seen[digest] ?? "")")
            seen[digest] = json
            #expect(digest.count == 64)
        }
    }

    @Test func `what is made, of what and where is part of an order`() throws {
        let works: [VideoWork] = [
            .create, .remix(of: "v_1"), .remix(of: "v_2"), .edit, .extend,
        ]
        var digests: Set<String> = []
        for work in works {
            for provider in ["openai", "other"] {
                digests.insert(try order(#"{"prompt":"A"}"#, for: work).digest(for: provider))
            }
        }
        #expect(digests.count == works.count * 2)
    }

    @Test func `the order of fields, spaces and nulls do not make another order`() throws {
        let one = try order(#"{"prompt":"A","seconds":"8","video":{"id":"v","x":1}}"#)
        let other = try order(
            #" {"video" : {"x": 1, "id": "v"}, "seconds": 8, "seed": null, "prompt": "A"} "#
        )
        #expect(one.digest(for: "openai") == other.digest(for: "openai"))
    }

    @Test func `an order is the same in each of its encodings`() throws {
        let json = try order(
            #"""
            {"prompt":"A","seconds":8,"seed":7,"input_reference":{"file_id":"f"},
             "characters":[{"id":"a"},{"id":"b","name":"B"}],"tags":["x","y"]}
            """#
        )
        let bracketed = try form([
            ("seed", "7"), ("tags[]", "x"), ("characters[][id]", "a"), ("tags[]", "y"),
            ("characters[][id]", "b"), ("characters[][name]", "B"), ("prompt", "A"),
            ("input_reference[file_id]", "f"), ("seconds", "8"),
        ])
        #expect(json.digest(for: "openai") == bracketed.digest(for: "openai"))
        #expect(json.seconds == "8" && bracketed.seconds == "8")
    }

    @Test func `a picture is the same as a file and as a data URL`() throws {
        let bytes: [UInt8] = [1, 2, 3, 250]
        let url = "data:image/png;base64,AQID+g=="
        let orders = [
            try order(#"{"prompt":"A","input_reference":{"image_url":"\#(url)"}}"#),
            try form([("prompt", "A"), ("input_reference[image_url]", url)]),
            try form([
                MultipartPart(name: "prompt", text: "A"),
                MultipartPart(
                    name: "input_reference",
                    fileName: "a.png",
                    contentType: "image/png",
                    body: bytes
                ),
            ]),
        ]
        #expect(Set(orders.map { $0.digest(for: "openai") }).count == 1)
        for order in orders {
            #expect(order.picture == VideoOrder.Picture(contentType: "image/png", bytes: bytes))
        }
    }

    @Test func `fields of a form differ as those of JSON do`() throws {
        let forms: [[(String, String)]] = [
            [("prompt", "A")], [("prompt", "A"), ("prompt", "A")],
            [("prompt", "A"), ("seed", "1")],
            [("prompt", "A"), ("seed", "2")], [("prompt", "A"), ("video[id]", "v")],
            [("prompt", "A"), ("video[id]", "w")], [("prompt", "A"), ("video", "v")],
            [("prompt", "A"), ("video[id", "v")], [("prompt", "A"), ("[id]", "v")],
            [("prompt", "A"), ("c[][a]", "1"), ("c[][b]", "2"), ("c[][a]", "3")],
            [("prompt", "A"), ("c[][a]", "1"), ("c[][a]", "3"), ("c[][b]", "2")],
            [("prompt", "A"), ("a", "1"), ("a[b]", "2")],
            [("prompt", "A"), ("a[b]", "2"), ("a[]", "1")],
            [("prompt", "A"), (String(repeating: "a", count: 9) + deep, "1")],
        ]
        var digests: Set<String> = []
        for fields in forms { digests.insert(try form(fields).digest(for: "openai")) }
        #expect(digests.count == forms.count)
    }

    private let deep = String(repeating: "[a]", count: 1000)

    // MARK: - What is read

    @Test func `the video that an order is made of is named by the body or the path`() throws {
        #expect(try order(#"{"video":{"id":"v_1"}}"#, for: .edit).sourceID == "v_1")
        #expect(try order(#"{"prompt":"A"}"#, for: .remix(of: "v_2")).sourceID == "v_2")
        #expect(try form([("video[id]", "v_3")]).sourceID == "v_3")
        #expect(try order(#"{"prompt":"A"}"#).sourceID == nil)
    }

    @Test(arguments: [
        ("application/json", #"{"prompt":"#), ("application/json", ""),
        ("application/json", #"{"prompt":"\ud800"}"#), ("application/json", "[]"),
        ("application/vnd.api+json", "null"), ("text/plain", #"{"prompt":"A"}"#),
        ("multipart/form-data", "--edge--"), ("multipart/form-data; boundary=edge", "--other--"),
        ("application/x-www-form-urlencoded", "prompt=A"), ("", ""),
    ])
    func `what is no order is not read as one`(_ contentType: String, _ body: String) {
        #expect(throws: VideoOrderError.self) {
            try VideoOrder(
                VideoCreation(contentType: contentType, body: Array(body.utf8)),
                for: .create
            )
        }
    }

    @Test func `a picture of twenty mebibytes in JSON is read, and a text beyond bounds is not`() {
        func length(_ count: Int) -> JSONFault? {
            let head = #"{"input_reference":{"image_url":"data:image/png;base64,"#
            var body = Array(head.utf8)
            body += [UInt8](repeating: UInt8(ascii: "A"), count: count)
            body += Array(#""}}"#.utf8)
            do throws(VideoOrderError) {
                let creation = VideoCreation(contentType: "application/json", body: body)
                _ = try VideoOrder(creation, for: .create)
                return nil
            } catch {
                guard case .unreadableJSON(let error) = error else { return nil }
                return error.fault
            }
        }
        #expect(length(20_971_520) == nil)
        #expect(length(32 << 20) == .tooLarge)
    }

    // MARK: - What a video shows

    @Test(arguments: [
        ("sora-2", "sora-2", true), ("sora-2", "sora-2-2025-12-08", true),
        ("sora-2-2025-12-08", "sora-2", true), ("sora-2", "sora-2-pro", false),
        ("sora-2", "sora-2-pro-2025-10-06", false), ("sora-2-pro", "sora-2-2025-10-06", false),
        ("sora-2-2025-10-06", "sora-2-2025-12-08", false), ("sora-2", "sora-2-2025-12-8", false),
        ("sora-2", "sora-2-2025-12-08x", false), ("sora-2", "sora-22025-12-08", false),
    ])
    func `a dated snapshot is its alias's model`(
        _ ordered: String,
        _ listed: String,
        _ isSame: Bool
    ) throws {
        let order = try order(#"{"prompt":"A","model":"\#(ordered)"}"#)
        let video = try video(["id": "v", "prompt": "A", "model": .string(listed)])
        #expect(order.mayHaveMade(video) == isSame)
    }

    @Test func `a remix is of the video that it names, where the list says so`() throws {
        let remix = try order(#"{"prompt":"A"}"#, for: .remix(of: "v_1"))
        let create = try order(#"{"prompt":"A"}"#)
        let sources: [(JSONValue?, isRemix: Bool, isCreate: Bool)] = [
            ("v_1", true, false), ("v_2", false, false), (.null, false, true), (nil, true, true),
        ]
        for (source, isRemix, isCreate) in sources {
            var json: JSONObject = ["id": "v", "prompt": "A"]
            json["remixed_from_video_id"] = source
            let video = try video(.object(json))
            #expect(remix.mayHaveMade(video) == isRemix)
            #expect(create.mayHaveMade(video) == isCreate)
        }
    }

    @Test func `an extension has more seconds than were ordered`() throws {
        let json = #"{"prompt":"A","seconds":"4","video":{"id":"v_1"}}"#
        let longer = try video(["id": "v", "prompt": "A", "seconds": "12"])
        #expect(try order(json, for: .extend).mayHaveMade(longer))
        #expect(try !order(json, for: .create).mayHaveMade(longer))
        let another = try video(["id": "v", "prompt": "A", "remixed_from_video_id": "v_2"])
        #expect(try !order(json, for: .extend).mayHaveMade(another))
    }
}
