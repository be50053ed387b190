import ReelJSON
import Testing

struct LocatedJSONTests {
    private let text = """
        // settings
        {
          listen: "127.0.0.1:8080",  /* é */ data: './d',
          "chains": [
            { on: 'video.completed' },
            7,
          ],
        }
        """

    @Test func `every part knows its line and column`() throws {
        let located = try JSONParser.parseLocated(Array(text.utf8), dialect: .json5)
        #expect(located.place == JSONPlace(line: 2, column: 1))
        let members = try #require(located.members)
        #expect(members.map(\.name) == ["listen", "data", "chains"])
        #expect(members[0].namePlace == JSONPlace(line: 3, column: 3))
        #expect(members[0].value.place == JSONPlace(line: 3, column: 11))
        #expect(members[1].namePlace == JSONPlace(line: 3, column: 38))
        #expect(located["chains"]?.place == JSONPlace(line: 4, column: 13))
        let chains = try #require(located["chains"]?.elements)
        #expect(chains[0]["on"]?.place == JSONPlace(line: 5, column: 11))
        #expect(chains[1].place == JSONPlace(line: 6, column: 5))
        #expect(chains[1].kind == .number(JSONNumber(7)))
    }

    @Test(arguments: ["\n", "\r", "\r\n"])
    func `each kind of line end counts once`(end: String) throws {
        let text = ["[", "1,", "", "2]"].joined(separator: end)
        let located = try JSONParser.parseLocated(Array(text.utf8))
        #expect(located.elements?.map(\.place.line) == [2, 4])
        #expect(located.elements?.map(\.place.column) == [1, 1])
    }

    @Test func `an error names its place and nothing of the text`() {
        let secret = #"{"a": 1, "# + "\n" + #" "key": whsec_secret}"#
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(Array(secret.utf8)) }
        #expect(error?.place == JSONPlace(line: 2, column: 9))
        #expect(error?.description == "unexpected character at line 2, column 9")
    }

    @Test func `every fault has words of its own`() {
        let place = JSONPlace(line: 1, column: 1)
        let phrases = JSONFault.allCases.map { JSONError(fault: $0, place: place).description }
        #expect(Set(phrases).count == JSONFault.allCases.count)
    }
}
