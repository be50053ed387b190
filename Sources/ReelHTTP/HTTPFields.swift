/// The header fields of a message in their order (RFC 9110, section 5).
///
/// Names compare without regard to ASCII case. Values are kept as text; a value with bytes that
/// are not UTF-8 is read as Latin-1, so nothing is lost and nothing is repaired.
package struct HTTPFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// One field as it was sent or will be sent.
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package private(set) var fields: [Field] = []

    package init() {}

    /// The fields given, in that order.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// Appends a field and leaves those of the same name.
    ///
    /// The name is a token and the value holds no control byte but the tab; both are the caller's
    /// to see to, since only a decoder that has checked them and our own code append.
    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Replaces every field of that name by one; nil removes them.
    package mutating func set(_ name: String, _ value: String?) {
        fields.removeAll { sameName($0.name, name) }
        if let value { append(name, value) }
    }

    /// The value of the only field of that name; nil when there is none or more than one.
    package func only(_ name: String) -> String? {
        var found: String?
        for field in fields where sameName(field.name, name) {
            guard found == nil else { return nil }
            found = field.value
        }
        return found
    }

    /// The value of the first field of that name.
    package subscript(_ name: String) -> String? {
        fields.first { sameName($0.name, name) }?.value
    }

    /// The values of all fields of that name, in order.
    package func values(_ name: String) -> [String] {
        fields.filter { sameName($0.name, name) }.map(\.value)
    }

    package func contains(_ name: String) -> Bool {
        fields.contains { sameName($0.name, name) }
    }
}

/// Whether two field names are the same but for the case of ASCII letters.
func sameName(_ left: String, _ right: String) -> Bool {
    let (left, right) = (left.utf8, right.utf8)
    guard left.count == right.count else { return false }
    return zip(left, right).allSatisfy { lowered($0) == lowered($1) }
}

/// The byte with an ASCII upper-case letter turned into its lower-case one.
func lowered(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
}
