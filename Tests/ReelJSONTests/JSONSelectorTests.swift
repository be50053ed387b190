import ReelJSON
import Testing

struct JSONSelectorTests {
    private let selector = JSONSelector([["id"], ["data", "id"], ["data", "deep", "n"]])

    private func select(_ text: String) throws -> [JSONValue?] {
        try selector.select(from: Array(text.utf8))
    }

    @Test(
        arguments: [
            (#"{"id":"a","data":{"id":"b","deep":{"n":1}}}"#, ["a", "b", 1]),
            (
                #" { "x" : [ {"id":1} , -0.5e3 , true, false, null ] , "id" : [2] } "#,
                [[2], nil, nil]
            ),
            // Escapes in names are undone, and in what is stepped over they are checked.
            (#"{"\u0069d":"a","d\u0061ta":{"\u00e9":"\ud83d\ude00","id":{}}}"#, ["a", [:], nil]),
            (#"{"data":7}"#, [nil, nil, nil]),
            (#"{"data":{}}"#, [nil, nil, nil]),
            (#"{"idé":1,"i":2,"idd":3}"#, [nil, nil, nil]),
            ("[]", [nil, nil, nil]), ("{}", [nil, nil, nil]), ("3", [nil, nil, nil]),
        ] as [(String, [JSONValue?])]
    )
    func `what stands at the paths is found`(_ text: String, _ expected: [JSONValue?]) throws {
        #expect(try select(text) == expected)
    }

    @Test func `the last member of a name counts, whatever an earlier one held`() throws {
        #expect(try select(#"{"id":1,"id":2}"#) == [2, nil, nil])
        #expect(try select(#"{"data":{"id":1},"data":{"x":2}}"#) == [nil, nil, nil])
        #expect(try select(#"{"data":{"id":1},"data":3}"#) == [nil, nil, nil])
        #expect(try select(#"{"data":3,"data":{"id":1,"id":4}}"#) == [nil, 4, nil])
    }

    @Test(
        arguments: [
            "", "{", "[1,]", "{\"a\":01}", "{\"a\":\"\u{01}\"}", "{\"a\":tru}", "{a:1}",
            "{\"a\" 1}",
            "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{} {}", "{\"\\q\":1}", "[\"\\u12\"]",
            "{\"a\":1",
            "{\"a\":1,}", "[1 2]", "nul", "nulls", "-", "1.", "1e", "{\"a\":\"b", "\u{FEFF}{}",
        ]
    )
    func `what the parser refuses is refused with the same error`(_ text: String) {
        let bytes = Array(text.utf8)
        let whole = #expect(throws: JSONError.self) { try JSONParser.parse(bytes) }
        let part = #expect(throws: JSONError.self) { try selector.select(from: bytes) }
        #expect(whole == part)
    }

    @Test func `bytes that are not UTF-8 are refused in names and values`() {
        for bytes in [[0x22, 0xFF, 0x22], [0x7B, 0x22, 0xC3, 0x22, 0x3A, 0x31, 0x7D]] as [[UInt8]] {
            let error = #expect(throws: JSONError.self) { try selector.select(from: bytes) }
            #expect(error?.fault == .invalidUTF8)
        }
    }

    @Test func `the depth is bounded where nothing is kept, too`() {
        let deep = Array(repeatElement(UInt8(ascii: "["), count: 65))
        let error = #expect(throws: JSONError.self) { try selector.select(from: deep) }
        #expect(error?.fault == .tooDeep)
    }
}
