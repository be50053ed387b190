internal import ReelRuntime

/// A value that is bound to a parameter.
enum SQLiteValue: Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    static func integer(_ value: Int) -> SQLiteValue { .integer(Int64(value)) }
    static func bool(_ value: Bool) -> SQLiteValue { .integer(value ? 1 : 0) }
    static func moment(_ value: Timestamp) -> SQLiteValue {
        .integer(value.millisecondsSinceEpoch)
    }

    static func optional(_ value: Int64?) -> SQLiteValue { value.map { .integer($0) } ?? .null }
    static func optional(_ value: String?) -> SQLiteValue { value.map { .text($0) } ?? .null }
    static func optional(_ value: Timestamp?) -> SQLiteValue {
        value.map { .moment($0) } ?? .null
    }
}
