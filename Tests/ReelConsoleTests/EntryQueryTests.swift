import ReelJSON
import ReelJournal
import ReelRuntime
import Testing

@testable import ReelConsole

struct EntryQueryTests {
    @Test
    func `a query goes through JSON and back`() throws {
        var query = EntryQuery()
        query.sequences = [3, 1]
        query.types = ["video.completed"]
        query.states = [.dead, .waiting]
        query.videoID = VideoID("video_1")
        query.eventID = "evt_1"
        query.webhookID = "wh_1"
        query.origin = .poll
        query.receivedFrom = Timestamp(secondsSinceEpoch: 1_700_000_000)
        query.receivedTo = Timestamp(secondsSinceEpoch: 1_800_000_000)
        query.before = 9
        query.limit = 7
        #expect(EntryQuery(json: query.json) == query)
    }

    @Test(arguments: [
        #"{"state": "dead"}"#, #"{"states": ["dying"]}"#, #"{"sequences": ["1"]}"#,
        #"{"video": "../x"}"#, #"{"limit": 0}"#, #"{"before": -1}"#, #"{"limit": 10001}"#,
        #"{"from": "yesterday"}"#,
        #"{"types": "video.completed"}"#, "[]",
    ])
    func `a condition that is not understood is refused, never passed over`(text: String) throws {
        let json = try JSONParser.parse(Array(text.utf8))
        #expect(EntryQuery(json: json) == nil)
    }
}
