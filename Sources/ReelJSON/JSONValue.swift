/// A JSON value (RFC 8259), whole and in its order.
///
/// Objects keep the order of their members and numbers keep their text, so that what a provider
/// sent can be passed on unchanged, unknown fields included.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// The member of that name, when this is an object that has one.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[name]
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var bool: Bool? {
        guard case .bool(let truth) = self else { return nil }
        return truth
    }

    /// The number, when this is a number that is whole and fits.
    package var integer: Int64? {
        guard case .number(let number) = self else { return nil }
        return number.integer
    }

    package var double: Double? {
        guard case .number(let number) = self else { return nil }
        return number.double
    }

    package var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    package var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    package var isNull: Bool { self == .null }

    /// The number, held within 64 bits.
    package static func integer(_ value: some FixedWidthInteger) -> JSONValue {
        .number(JSONNumber(Int64(clamping: value)))
    }

    /// The string, or null where there is none.
    package static func string(orNull text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }

    /// The number, or null where there is none.
    package static func integer(orNull value: (some FixedWidthInteger)?) -> JSONValue {
        value.map { .integer($0) } ?? .null
    }
}

/// A JSON number as it was written.
package struct JSONNumber: Hashable, Sendable {
    /// The number's text by RFC 8259, section 6.
    package let text: String

    /// Takes text that a parser has found to be a number.
    init(checkedText: String) {
        text = checkedText
    }

    package init(_ value: Int64) {
        text = String(value)
    }

    package init(_ value: Int) {
        text = String(value)
    }

    /// A finite number in the shortest form that reads back the same; not-a-number and the
    /// infinities, which JSON does not have, become 0.
    package init(_ value: Double) {
        let whole = value.isFinite ? value : 0
        text = Int64(exactly: whole).map { String($0) } ?? "\(whole)"
    }

    /// The number when it is whole, written in any way, and fits 64 bits.
    package var integer: Int64? {
        if let value = Int64(text) { return value }
        // Beyond 2^53 a double no longer tells neighbouring whole numbers apart.
        guard let value = double, value.magnitude < 0x1p53 else { return nil }
        return Int64(exactly: value)
    }

    /// The nearest double; nil when the number is beyond its range.
    package var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

/// The members of a JSON object in their order.
///
/// A look-up by name finds the last member of that name, as most parsers do; `duplicateName` tells
/// of a name that stands twice.
package struct JSONObject: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// The members in their order.
    package var members: [(name: String, value: JSONValue)] {
        storage.map { ($0.name, $0.value) }
    }

    private struct Member: Hashable, Sendable {
        let name: String
        var value: JSONValue
    }

    private var storage: [Member] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        storage = elements.map { Member(name: $0.0, value: $0.1) }
    }

    package var count: Int { storage.count }

    package var isEmpty: Bool { storage.isEmpty }

    package var names: [String] { storage.map(\.name) }

    /// The last member of that name; assigning replaces it in place or appends it, nil removes all
    /// members of that name.
    package subscript(_ name: String) -> JSONValue? {
        get { storage.last { $0.name == name }?.value }
        set {
            guard let newValue else { return storage.removeAll { $0.name == name } }
            if let index = storage.lastIndex(where: { $0.name == name }) {
                storage[index].value = newValue
            } else {
                storage.append(Member(name: name, value: newValue))
            }
        }
    }

    /// Appends a member without looking for one of the same name.
    package mutating func append(_ name: String, _ value: JSONValue) {
        // Most objects have a few members: one allocation instead of three.
        if storage.isEmpty { storage.reserveCapacity(4) }
        storage.append(Member(name: name, value: value))
    }

    /// Hands over each member in order, without the copy that `members` makes.
    func forEachMember(_ body: (String, JSONValue) -> Void) {
        for member in storage { body(member.name, member.value) }
    }

    /// The first name that stands more than once, if any.
    package var duplicateName: String? {
        var seen: Set<String> = []
        return storage.first { !seen.insert($0.name).inserted }?.name
    }
}
