import ReelJSON
import Testing

struct JSONParserTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        arguments: [
            ("null", .null), (" true\n", true), ("\tfalse\r\n", false), ("0", 0),
            ("-0", .written("-0")),
            ("10", 10), ("-12.5e+3", .written("-12.5e+3")), ("1E2", .written("1E2")),
            ("0e1", .written("0e1")),
            ("0.000", .written("0.000")), ("123456789012345678901234567890", .long), (#""""#, ""),
            (#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9""#, "Aé"),
            (#""\u0000""#, "\0"), (#""\ud83d\uDE00""#, "😀"),
            (#""\uFFFE\uffff""#, "\u{FFFE}\u{FFFF}"),
            ("\"é€😀\"", "é€😀"), ("\"\u{7F}\u{2028}\"", "\u{7F}\u{2028}"), ("[]", []), ("{}", [:]),
            ("[ ]", []), ("{ }", [:]), ("[1,[2],{\"a\":3}]", [1, [2], ["a": 3]]),
            (" [ 1 , 2 ] ", [1, 2]), (#"{"a":1,"a":2}"#, ["a": 1, "a": 2]), (#"{"":0}"#, ["": 0]),
            (#"{"a":{"b":[{}]},"c":""}"#, ["a": ["b": [[:]]], "c": ""]),
            ("\"'/*//\"", "'/*//"), (#""\\u0041""#, #"\u0041"#), (#""\"""#, "\""),
        ] as [(String, JSONValue)]
    )
    func `what RFC 8259 allows is read`(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(Self.bytes(text)) == value)
        #expect(try JSONParser.parse(Self.bytes(text), dialect: .json5) == value)
        #expect(try JSONParser.parseLocated(Self.bytes(text)).value == value)
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd, 1), (" ", .unexpectedEnd, 2), ("[", .unexpectedEnd, 2),
            ("[1", .unexpectedEnd, 3), ("[1,", .unexpectedEnd, 4), ("{", .unexpectedEnd, 2),
            (#"{"a""#, .unexpectedEnd, 5), (#"{"a":"#, .unexpectedEnd, 6),
            ("\"", .unexpectedEnd, 2),
            ("\"\\", .unexpectedEnd, 3), (#""\u00"#, .unexpectedEnd, 2), ("tru", .unexpectedEnd, 4),
            ("]", .unexpectedByte, 1), ("[1,]", .unexpectedByte, 4), ("[,1]", .unexpectedByte, 2),
            ("[1 2]", .unexpectedByte, 4), ("[1}", .unexpectedByte, 3),
            ("[1,,2]", .unexpectedByte, 4),
            (#"{"a":1,}"#, .unexpectedByte, 8), ("{a:1}", .unexpectedByte, 2),
            ("{'a':1}", .unexpectedByte, 2), ("{1:1}", .unexpectedByte, 2),
            (#"{"a" 1}"#, .unexpectedByte, 6), (#"{"a"::1}"#, .unexpectedByte, 6),
            (#"{"a":1 "b":2}"#, .unexpectedByte, 8), (#"{"a"}"#, .unexpectedByte, 5),
            ("True", .unexpectedByte, 1), ("nul1", .unexpectedByte, 4),
            ("nulll", .unexpectedByte, 5),
            ("'a'", .unexpectedByte, 1), ("NaN", .unexpectedByte, 1),
            ("Infinity", .unexpectedByte, 1),
            ("undefined", .unexpectedByte, 1), ("\0", .unexpectedByte, 1),
            ("é", .unexpectedByte, 1),
            ("\u{a0}1", .unexpectedByte, 1), ("\u{c}1", .unexpectedByte, 1),
            ("//\n1", .unexpectedByte, 1), ("/**/1", .unexpectedByte, 1), ("*", .unexpectedByte, 1),
            ("1 2", .trailingContent, 3), ("1//", .trailingContent, 2),
            ("{}}", .trailingContent, 3),
            ("[]a", .trailingContent, 3), ("\"a\"\"b\"", .trailingContent, 4),
            ("1\0", .trailingContent, 2), ("null\u{feff}", .trailingContent, 5),
            ("01", .malformedNumber, 1), ("-", .malformedNumber, 1), ("-01", .malformedNumber, 1),
            ("1.", .malformedNumber, 1), ("1.e1", .malformedNumber, 1), ("1e", .malformedNumber, 1),
            ("1e+", .malformedNumber, 1), ("1eE2", .malformedNumber, 1),
            ("1.2.3", .malformedNumber, 1),
            ("1a", .malformedNumber, 1), ("0x1F", .malformedNumber, 1), ("-a", .malformedNumber, 1),
            ("--1", .malformedNumber, 1), ("1-1", .malformedNumber, 1),
            ("-Infinity", .malformedNumber, 1),
            ("[1_000]", .malformedNumber, 2), ("00", .malformedNumber, 1),
            ("1e1.5", .malformedNumber, 1),
            ("+1", .unexpectedByte, 1), (".5", .unexpectedByte, 1),
            (#""\a""#, .malformedEscape, 2), (#""\x41""#, .malformedEscape, 2),
            (#""\'""#, .malformedEscape, 2), (#""\0""#, .malformedEscape, 2),
            (#""\U0041""#, .malformedEscape, 2), (#""a\u00g0""#, .malformedEscape, 3),
            ("\"\\\n\"", .malformedEscape, 2), (#""\u{41}""#, .malformedEscape, 2),
            (#""\ud800""#, .loneSurrogate, 2), (#""\udc00""#, .loneSurrogate, 2),
            (#""\ud800\u0041""#, .loneSurrogate, 2), (#""\ud800\ud800""#, .loneSurrogate, 2),
            (#""a\uDFFFb""#, .loneSurrogate, 3), (#""\ud800a""#, .loneSurrogate, 2),
            (#""\ud800\n""#, .loneSurrogate, 2),
            ("\"\n\"", .controlCharacter, 2), ("\"\t\"", .controlCharacter, 2),
            ("\"\0\"", .controlCharacter, 2), ("\"é\u{1f}\"", .controlCharacter, 3),
            ("\"\\n\u{1}\"", .controlCharacter, 4), ("\u{feff}{}", .byteOrderMark, 1),
        ] as [(String, JSONFault, Int)]
    )
    func `what RFC 8259 forbids is refused with its place`(
        text: String,
        fault: JSONFault,
        column: Int
    ) {
        let expected = JSONError(fault: fault, place: JSONPlace(line: 1, column: column))
        #expect(throws: expected) { try JSONParser.parse(Self.bytes(text)) }
        #expect(throws: expected) { try JSONParser.parseLocated(Self.bytes(text)) }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFF], [0xE9, 0x41], [0x5C, 0x6E, 0xFF],
        ] as [[UInt8]]
    )
    func `a string that is not UTF-8 is refused`(content: [UInt8]) {
        let text = [0x22] + content + [0x22]
        #expect(throws: JSONError(fault: .invalidUTF8, place: JSONPlace(line: 1, column: 2))) {
            try JSONParser.parse(text)
        }
    }

    @Test func `text in UTF-16 is refused`() {
        #expect(throws: JSONError.self) { try JSONParser.parse([0xFF, 0xFE, 0x5B, 0, 0x5D, 0]) }
        #expect(throws: JSONError.self) { try JSONParser.parse([0, 0x5B, 0, 0x5D]) }
    }

    @Test(
        arguments: [
            ("// c\n1", 1), ("/* c\n * / */1", 1), ("1 // end", 1),
            ("/**/[/**/1/**/,/**/]/**/", [1]),
            ("[1,]", [1]), ("{a:1,}", ["a": 1]), ("{'a b':'c'}", ["a b": "c"]),
            ("{$a_1:1, _:2}", ["$a_1": 1, "_": 2]), ("{null:1,true:2}", ["null": 1, "true": 2]),
            (#"'it\'s "so"'"#, "it's \"so\""), (#""it's""#, "it's"), ("'a\tb'", "a\tb"),
            (#"'\v\0\x41\xe9'"#, "\u{b}\0Aé"), ("'a\\\nb\\\r\nc\\\rd'", "abcd"),
            ("0x1F", 31), ("-0xff", -255), ("0Xffffffffffffffff", .written("18446744073709551615")),
            ("+1", 1), (".5", 0.5), ("-.5", -0.5), ("5.", 5), ("+.5e1", .written("0.5e1")),
            ("5.e1", .written("5e1")), ("-0.0", .written("-0.0")), ("\u{feff}{}", [:]),
            ("\u{a0}\u{b}\u{c}1", 1), ("/* é */ 1", 1), ("/***/1", 1), ("///\n1", 1),
        ] as [(String, JSONValue)]
    )
    func `the configuration dialect is read`(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(Self.bytes(text), dialect: .json5) == value)
    }

    @Test(
        arguments: [
            ("Infinity", .numberNotFinite), ("-Infinity", .numberNotFinite),
            ("NaN", .numberNotFinite),
            ("+NaN", .numberNotFinite), ("Inf", .unexpectedByte), ("0x", .malformedNumber),
            ("0xg", .malformedNumber), ("0x1p3", .malformedNumber), (".", .malformedNumber),
            ("+", .malformedNumber), ("01", .malformedNumber),
            ("0x10000000000000000", .numberTooLarge),
            ("1.2.3", .malformedNumber), ("-+1", .malformedNumber), ("- 1", .malformedNumber),
            ("/* open", .unterminatedComment), ("/*/", .unterminatedComment),
            ("/1", .unexpectedByte),
            ("[,]", .unexpectedByte), ("{,}", .unexpectedByte), ("[1,,]", .unexpectedByte),
            ("{1a:1}", .unexpectedByte), ("{a-b:1}", .unexpectedByte), ("{é:1}", .unexpectedByte),
            (#"'C:\path'"#, .malformedEscape), (#"'\1'"#, .malformedEscape),
            (#"'\01'"#, .malformedEscape), (#"'\xg0'"#, .malformedEscape),
            ("'a\nb'", .controlCharacter), ("'a\"", .unexpectedEnd), ("// only", .unexpectedEnd),
            (#"'\ud800'"#, .loneSurrogate), ("1 1", .trailingContent),
            ("undefined", .unexpectedByte),
        ] as [(String, JSONFault)]
    )
    func `the configuration dialect has its limits`(text: String, fault: JSONFault) {
        let error = #expect(throws: JSONError.self) {
            try JSONParser.parse(Self.bytes(text), dialect: .json5)
        }
        #expect(error?.fault == fault)
    }

    @Test func `a comment that is not UTF-8 is refused`() {
        let error = #expect(throws: JSONError.self) {
            try JSONParser.parse([0x2F, 0x2F, 0xFF, 0x0A, 0x31], dialect: .json5)
        }
        #expect(error?.fault == .invalidUTF8)
    }

    @Test(arguments: [1, 2, 64, 512])
    func `nesting stops at its limit`(depth: Int) throws {
        let limits = JSONLimits(depthMax: depth)
        let nested = { (count: Int) in
            Self.bytes(
                String(repeating: "[", count: count) + String(repeating: "]", count: count)
            )
        }
        _ = try JSONParser.parse(nested(depth), limits: limits)
        let error = #expect(throws: JSONError.self) {
            try JSONParser.parse(nested(depth + 1), limits: limits)
        }
        #expect(error?.fault == .tooDeep)
        #expect(error?.place.column == depth + 1)
    }

    @Test func `a hundred thousand open brackets are refused, not recursed into`() {
        let opened = Self.bytes(String(repeating: "[{\"a\":", count: 100_000))
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(opened) }
        #expect(error?.fault == .tooDeep)
    }

    @Test func `length stops at its limit`() throws {
        let limits = JSONLimits(byteCountMax: 4)
        _ = try JSONParser.parse(Self.bytes("1234"), limits: limits)
        let error = #expect(throws: JSONError.self) {
            try JSONParser.parse(Self.bytes("12345"), limits: limits)
        }
        #expect(error?.fault == .tooLarge)
    }

    @Test func `every prefix and every changed byte ends in a value or an error`() {
        let text = Self.bytes(#"{"id":"evt_é😀","n":[-1.5e3,true,null,{"a\u00e9":"\ud83d\ude00"}]}"#)
        var refused = 0
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONParser.parse(Array(text[..<length])) }
        }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                for dialect in [JSONDialect.strict, .json5] {
                    if (try? JSONParser.parse(changed, dialect: dialect)) == nil { refused += 1 }
                }
            }
        }
        #expect(refused > 1000)
    }
}

extension JSONValue {
    /// A number by its text, so that it is compared as written.
    fileprivate static func written(_ text: String) -> JSONValue {
        (try? JSONParser.parse(Array("[\(text)]".utf8)))?.array?.first ?? .null
    }

    fileprivate static var long: JSONValue { .written("123456789012345678901234567890") }
}
