import FoundationEssentials
import ReelObservability
import ReelRuntime
import TestSupport
import Testing

struct LogFormatTests {
    static func record(
        _ message: String = "delivery stored",
        level: LogLevel = .info,
        _ fields: [(key: String, value: LogValue)] = []
    ) -> LogRecord {
        LogRecord(
            moment: Timestamp(millisecondsSinceEpoch: 1_795_246_590_065),
            level: level,
            component: "receiver",
            message: message,
            fields: fields
        )
    }

    private func line(_ format: LogFormat, _ record: LogRecord) -> String {
        String(decoding: format.line(record), as: UTF8.self)
    }

    @Test func `a record is one JSON object with the stable keys first`() {
        let record = Self.record(
            "delivery stored",
            [
                ("webhook.id", "wh_1"), ("count", 3), ("seconds", .double(0.25)),
                ("again", false), ("nothing", .double(.nan)),
            ]
        )
        #expect(
            line(.json, record)
                == #"{"time":"2026-11-21T07:36:30.065Z","level":"info","component":"receiver","#
                + #""message":"delivery stored","webhook.id":"wh_1","count":3,"seconds":0.25,"#
                + #""again":false,"nothing":null}"# + "\n"
        )
    }

    @Test func `a record is one line for people`() {
        let record = Self.record(
            "delivery stored",
            level: .warning,
            [("webhook.id", "wh_1"), ("reason", "two words"), ("empty", ""), ("a", #"q"=\"#)]
        )
        #expect(
            line(.text(isColoured: false), record)
                == "2026-11-21T07:36:30.065Z warning receiver: delivery stored webhook.id=wh_1 "
                + #"reason="two words" empty="" a="q\"=\\""# + "\n"
        )
    }

    @Test(arguments: LogLevel.allCases)
    func `colours are there only when asked for`(_ level: LogLevel) {
        let record = Self.record(level: level, [("key", "value")])
        #expect(!line(.text(isColoured: false), record).contains("\u{1B}"))
        let coloured = line(.text(isColoured: true), record)
        #expect(coloured.contains("\u{1B}["))
        #expect(coloured.contains("\u{1B}[0m"))
    }

    static let hostile = [
        "a\nb", "a\r\nb", "\u{0}", "\u{1B}[31mred", "\u{7F}", "\u{85}", "\u{9B}31m",
        "\u{2028}", "\u{2029}", "\u{202E}gnp.exe", "\u{FEFF}", "\"quoted\"", "back\\slash",
        "tab\there", "\u{E0001}",
    ]

    @Test(arguments: hostile, [LogFormat.json, .text(isColoured: false)])
    func `whatever a value holds, it is one line without commands`(
        _ text: String,
        _ format: LogFormat
    ) {
        for record in [
            Self.record("fixed", [("key", .string(text)), (text, "value")]),
            Self.record(text),
        ] {
            let line = line(format, record)
            #expect(line.unicodeScalars.filter { $0 == "\n" }.count == 1)
            let isHarmless = line.dropLast().unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            }
            #expect(isHarmless)
        }
    }

    private struct Line: Decodable {
        let key: String
        let message: String
    }

    @Test(arguments: hostile + ["é ü 漢字 🎬", "plain"])
    func `a JSON reader gets every value back`(_ text: String) throws {
        let bytes = LogFormat.json.line(Self.record(text, [("key", .string(text))]))
        let read = try JSONDecoder().decode(Line.self, from: Data(bytes))
        #expect(read.key == text)
        #expect(read.message == text)
    }

    @Test func `a long value is cut`() {
        let record = Self.record("x", [("key", .string(String(repeating: "é", count: 5000)))])
        for format in [LogFormat.json, .text(isColoured: false)] {
            let line = line(format, record)
            #expect(line.utf8.count < 2400)
            #expect(line.contains("é…\""))
        }
    }

    @Test func `a field does not hide a stable key, and of two alike the last counts`() {
        let record = Self.record("x", [("time", "no"), ("a", 1), ("b", 2), ("a", 3)])
        let line = line(.json, record)
        #expect(line.hasSuffix(#""message":"x","fields.time":"no","a":3,"b":2}"# + "\n"))
    }
}
