import ReelJournal
import ReelRuntime
import Testing

struct EventReadingTests {
    @Test func `an event's envelope is read`() {
        let body = #"""
            {"object":"event","id":"evt_1","created_at":1795251600,"type":"video.completed",
             "data":{"id":"video_1","more":[1,{"x":null}]},"unknown":true}
            """#
        let reading = EventReading(Array(body.utf8))
        #expect(reading.eventID == "evt_1" && reading.type == "video.completed")
        #expect(reading.createdAt == Timestamp(secondsSinceEpoch: 1_795_251_600))
        #expect(reading.videoID?.rawValue == "video_1" && reading.terminal == .completed)
        #expect(reading.fault == nil)
    }

    @Test(arguments: [
        (#"{"type":"video.failed","data":{"id":"v"}}"#, TerminalState.failed),
        (#"{"type":"video.completed","data":{"id":"v"}}"#, .completed),
        (#"{"type":"video.in_progress","data":{"id":"v"}}"#, nil),
        (#"{"type":"batch.completed","data":{"id":"v"}}"#, nil),
        (#"{"type":"VIDEO.COMPLETED","data":{"id":"v"}}"#, nil),
    ])
    func `only two types tell of an end`(_ body: String, _ terminal: TerminalState?) {
        let reading = EventReading(Array(body.utf8))
        #expect(reading.terminal == terminal && reading.fault == nil)
    }

    @Test(arguments: [
        ("", "not_json"), ("{", "not_json"), ("{} {}", "not_json"), ("\u{FEFF}{}", "not_json"),
        (#"{"type":"\ud800"}"#, "not_json"), ("null", "not_an_event"),
        ("7", "not_an_event"), (#""video.completed""#, "not_an_event"),
        (#"[{"type":"a"}]"#, "not_an_event"), ("{}", "not_an_event"),
        (#"{"type":null}"#, "not_an_event"), (#"{"type":""}"#, "not_an_event"),
        (#"{"type":"video.completed"}"#, "invalid_video_id"),
        (#"{"type":"video.completed","data":{}}"#, "invalid_video_id"),
        (#"{"type":"video.completed","data":{"id":7}}"#, "invalid_video_id"),
        (#"{"type":"video.completed","data":{"id":""}}"#, "invalid_video_id"),
        (#"{"type":"video.failed","data":{"id":"../x"}}"#, "invalid_video_id"),
        (#"{"type":"video.failed","data":{"id":"a/b"}}"#, "invalid_video_id"),
        (#"{"type":"video.odd","data":{"id":"a\u0000"}}"#, "invalid_video_id"),
    ])
    func `what no chain can take has a word for why`(_ body: String, _ reason: String) {
        let reading = EventReading(Array(body.utf8))
        #expect(reading.fault?.code == reason)
        #expect(reading.videoID == nil && reading.terminal == nil)
    }

    @Test func `bytes that are no text are no JSON`() {
        #expect(EventReading([0xFF, 0xFE]).fault?.code == "not_json")
        let deep = Array(repeating: UInt8(ascii: "["), count: 100_000)
        #expect(EventReading(deep).fault?.code == "not_json")
    }

    @Test func `names that are too long are none`() {
        let long = String(repeating: "a", count: 257)
        let reading = EventReading(Array(#"{"type":"a","id":"\#(long)"}"#.utf8))
        #expect(reading.eventID == nil && reading.type == "a")
        let other = EventReading(Array(#"{"type":"\#(long)","id":"b"}"#.utf8))
        #expect(other.type == nil && other.fault?.code == "not_an_event")
    }

    @Test(
        arguments: [
            ("1795251600", 1_795_251_600_000), ("1795251600.25", 1_795_251_600_250),
            (#""2026-11-21T09:00:00Z""#, 1_795_251_600_000), ("-1", -1_000),
            ("1e400", nil), (#""soon""#, nil), ("null", nil), ("[]", nil),
        ] as [(String, Int64?)]
    )
    func `a time is seconds or RFC 3339`(_ text: String, _ milliseconds: Int64?) {
        let reading = EventReading(Array(#"{"type":"a","created_at":\#(text)}"#.utf8))
        #expect(reading.createdAt?.millisecondsSinceEpoch == milliseconds)
    }

    @Test func `a poll makes the event that the webhook would have brought`() throws {
        let videoID = try #require(VideoID("video_1"))
        func event(_ provider: String, _ terminal: TerminalState, at second: Int64) -> ObservedEvent
        {
            ObservedEvent(
                Observation(
                    fact: Fact(provider: provider, videoID: videoID, terminal: terminal),
                    occurredAt: Timestamp(secondsSinceEpoch: second),
                    observedAt: Timestamp(secondsSinceEpoch: second + 1)
                )
            )
        }
        let completed = event("openai", .completed, at: 100)
        let reading = EventReading(completed.body)
        #expect(reading.eventID == completed.id && reading.type == "video.completed")
        #expect(reading.createdAt == Timestamp(secondsSinceEpoch: 100))
        #expect(reading.videoID == videoID && reading.terminal == .completed)
        #expect(reading.fault == nil)
        #expect(completed.id.hasPrefix("evt_") && completed.id.utf8.count == 36)
        // It is written to disk and to whoever is notified: it never changes.
        #expect(completed.id == "evt_33bbbae3ed24d86de18aa7590ce23f86")
        #expect(event("openai", .completed, at: 999).id == completed.id)
        #expect(event("openai", .failed, at: 100).id != completed.id)
        #expect(event("local", .completed, at: 100).id != completed.id)
    }

    @Test func `a hash on disk is the one of its draft`() {
        #expect(StableHash.wide() == 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
        #expect(StableHash.wide("a", "b") != StableHash.wide("ab", ""))
        #expect(StableHash.narrow("wh_1") == -6_289_029_874_041_519_224)
    }
}
