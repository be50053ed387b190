internal import ReelJSON
internal import ReelJournal

/// Feeds the JSON parser and what the journal reads of an event.
///
/// An input is one byte for the dialect and then a text. What is checked: a strict text is taken
/// if and only if the grammar takes it; what is parsed, written and parsed again stays what it
/// was; the parser with places agrees; what is read of an event is what the journal may hold.
enum JSONFuzzer {
    static func check(_ input: [UInt8]) -> Int32 {
        guard let control = input.first else { return -1 }
        let text = Array(input.dropFirst())
        let dialect = control & 1 == 0 ? JSONDialect.strict : .json5
        let outcome = parsed(text, dialect)
        checkPlaces(text, dialect, outcome)
        switch outcome {
        case .success(let value):
            checkWritten(value)
            checkNumbers(value)
        case .failure(let error):
            expect(error.place.line > 0 && error.place.column > 0, "a place that is none")
        }
        guard dialect == .strict else { return 0 }
        let isValid = ReferenceJSON.accepts(text)
        switch outcome {
        case .success: expect(isValid, "the grammar refuses it")
        case .failure(let error): expect(!isValid, "the grammar takes it, and not: \(error)")
        }
        checkSelected(text, outcome)
        checkReading(text, isValid: isValid)
        return 0
    }

    private static func parsed(
        _ text: [UInt8],
        _ dialect: JSONDialect
    ) -> Result<JSONValue, JSONError> {
        Result { () throws(JSONError) in try JSONParser.parse(text, dialect: dialect) }
    }

    private static func checkPlaces(
        _ text: [UInt8],
        _ dialect: JSONDialect,
        _ outcome: Result<JSONValue, JSONError>
    ) {
        let located = Result { () throws(JSONError) in
            try JSONParser.parseLocated(text, dialect: dialect)
        }
        switch (outcome, located) {
        case (.success, .success): break
        case (.failure(let plain), .failure(let placed)):
            expect(plain == placed, "two errors: \(plain), \(placed)")
        case (.success, .failure), (.failure, .success):
            fatalError("finding: the parsers disagree")
        }
    }

    private static let paths = [["id"], ["a"], ["data", "id"], ["data", "b", "c"]]
    private static let selector = JSONSelector(paths)

    /// What is selected is what a look-up in the tree finds, and what is refused is refused alike.
    private static func checkSelected(_ text: [UInt8], _ outcome: Result<JSONValue, JSONError>) {
        let selected = Result { () throws(JSONError) in try selector.select(from: text) }
        switch (outcome, selected) {
        case (.success(let value), .success(let found)):
            for (path, found) in zip(paths, found) {
                let expected = path.reduce(value as JSONValue?) { $0?[$1] }
                expect(found == expected, "another value at \(path)")
            }
        case (.failure(let whole), .failure(let part)):
            expect(whole == part, "two errors: \(whole), \(part)")
        case (.success, .failure), (.failure, .success):
            fatalError("finding: parser and selector disagree")
        }
    }

    private static func checkWritten(_ value: JSONValue) {
        let text = value.serialized()
        for written in [text, value.serialized(indent: 2)] {
            switch parsed(written, .strict) {
            case .success(let again):
                expect(again == value, "another value")
                expect(again.serialized() == text, "written twice, two texts")
            case .failure(let error): fatalError("finding: what was written is no JSON: \(error)")
            }
            expect(!written.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F }, "a bare control")
        }
    }

    private static func checkNumbers(_ value: JSONValue) {
        switch value {
        case .null, .bool, .string: break
        case .number(let number):
            if let whole = number.integer, let near = number.double {
                expect(Double(whole) == near, "two values of \(number.text)")
            }
        case .array(let elements): for element in elements { checkNumbers(element) }
        case .object(let object):
            for member in object.members { checkNumbers(member.value) }
            expect(object.members.allSatisfy { object[$0.name] != nil }, "a member that is lost")
        }
    }

    private static func checkReading(_ text: [UInt8], isValid: Bool) {
        let reading = EventReading(text)
        expect((reading.fault == Reason("not_json")) == !isValid, "the fault is not the text's")
        expect((reading.fault != nil) || reading.type != nil, "an event without a type")
        for name in [reading.eventID, reading.type].compactMap(\.self) {
            expect((1...256).contains(name.utf8.count), "a name of \(name.utf8.count) bytes")
        }
        guard let video = reading.videoID else {
            return expect(reading.terminal == nil, "an end of no video")
        }
        expect(reading.type?.hasPrefix("video.") == true, "a video of another event")
        let bytes = Array(video.rawValue.utf8)
        let isName = bytes.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "\\")
        }
        expect(isName && !bytes.isEmpty && bytes.count <= 256, "an id that is no folder's name")
        expect(bytes.first != UInt8(ascii: "."), "an id that is a hidden folder")
    }
}
