import ReelJSON
import Testing

struct JSONSerializationTests {
    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(
        arguments: [
            (.null, "null"), (true, "true"), (-5, "-5"), (0.5, "0.5"), (1e300, "1e+300"),
            ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\u{8}\u{c}\n\r\t", #""\b\f\n\r\t""#),
            ("\0\u{1f}", #""\u0000\u001f""#), ("\u{7f}\u{9b}x", #""\u007f\u009bx""#),
            ("é😀\u{2028}", "\"é😀\u{2028}\""), ([], "[]"), ([:], "{}"), ([[], [:]], "[[],{}]"),
            (["b": 1, "a": [true, .null]], #"{"b":1,"a":[true,null]}"#),
        ] as [(JSONValue, String)]
    )
    func `the compact form has no space`(value: JSONValue, text: String) throws {
        #expect(Self.text(value.serialized()) == text)
        #expect(try JSONParser.parse(value.serialized()) == value)
        #expect(try JSONParser.parse(value.serialized(indent: 3)) == value)
    }

    @Test func `the indented form has a line for each element`() {
        let value: JSONValue = ["a": 1, "b": [true, [:], []], "c": ["d": "e"]]
        #expect(
            Self.text(value.serialized(indent: 2)) == """
                {
                  "a": 1,
                  "b": [
                    true,
                    {},
                    []
                  ],
                  "c": {
                    "d": "e"
                  }
                }
                """
        )
    }

    @Test(arguments: [
        #"{"z":1.0,"a":1E5,"z":-0,"u":"\u00e9"}"#, "12345678901234567890.000",
    ])
    func `order, repeated names and the text of numbers survive`(text: String) throws {
        let written = Self.text(try JSONParser.parse(Array(text.utf8)).serialized())
        #expect(written == text.replacing(#"\u00e9"#, with: "é"))
    }

    @Test(
        arguments: [
            ("7", 7), ("7.0", 7), ("70e-1", 7), ("-9223372036854775808", Int64.min), ("7.5", nil),
            ("9223372036854775808", nil), ("9007199254740993.0", nil), ("1e400", nil), ("-0", 0),
        ] as [(String, Int64?)]
    )
    func `a number is an integer when it is whole and fits`(text: String, value: Int64?) throws {
        #expect(try JSONParser.parse(Array(text.utf8)).integer == value)
    }

    @Test func `a number beyond doubles is not infinite`() throws {
        #expect(try JSONParser.parse(Array("1e400".utf8)).double == nil)
        #expect(JSONNumber(.infinity).text == "0")
        #expect(JSONNumber(-0.0).text == "0")
    }

    @Test func `an object finds the last of a name and tells of a repeated one`() {
        var object: JSONObject = ["a": 1, "b": 2, "a": 3]
        #expect(object["a"] == 3)
        #expect(object.duplicateName == "a")
        object["a"] = nil
        object["c"] = "4"
        object["b"] = 5
        #expect(object.names == ["b", "c"])
        #expect(object.duplicateName == nil)
        #expect(object.members.map(\.value) == [5, "4"])
    }
}
