/// The header fields of a message in their order (RFC 9110, section 5).
///
/// Names compare without regard to ASCII case. Values are handed out as text; a value with bytes
/// that are not UTF-8 is read as Latin-1, so nothing is lost and nothing is repaired. The bytes of
/// all fields lie in one buffer, since most fields of most messages are never looked at.
package struct HTTPFields: Sendable, ExpressibleByDictionaryLiteral {
    /// One field as it was sent or will be sent.
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    /// Where a field's name and value lie in the buffer.
    struct Entry: Sendable {
        let nameStart: UInt32
        let nameEnd: UInt32
        let valueStart: UInt32
        let valueEnd: UInt32

        init(name: Range<Int>, value: Range<Int>) {
            nameStart = UInt32(name.lowerBound)
            nameEnd = UInt32(name.upperBound)
            valueStart = UInt32(value.lowerBound)
            valueEnd = UInt32(value.upperBound)
        }

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// Room beyond this is not kept for the next message.
    private static let keptByteCountMax = 4096

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    package init() {}

    /// The fields given, in that order.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// Removes all fields and keeps the room for others.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptByteCountMax)
        entries.removeAll(keepingCapacity: true)
    }

    /// Takes a field that a decoder has checked, by its place in what `setBytes` is given later.
    mutating func append(_ entry: Entry) {
        if entries.isEmpty { entries.reserveCapacity(16) }
        entries.append(entry)
    }

    /// Takes the bytes that the entries lie in.
    mutating func setBytes(_ section: ArraySlice<UInt8>) {
        bytes.append(contentsOf: section)
    }

    package var count: Int { entries.count }

    package var isEmpty: Bool { entries.isEmpty }

    package var fields: [Field] {
        entries.map { Field(name: text(in: $0.name), value: text(in: $0.value)) }
    }

    /// Appends a field and leaves those of the same name.
    ///
    /// The name is a token, which is the caller's to see to. CR, LF and NUL in the value become
    /// spaces (RFC 9110, section 5.5), so that no value can end a field and begin another.
    package mutating func append(_ name: String, _ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let middle = bytes.count
        for byte in value.utf8 {
            bytes.append(byte == 0x0D || byte == 0x0A || byte == 0 ? 0x20 : byte)
        }
        entries.append(Entry(name: start..<middle, value: middle..<bytes.count))
    }

    /// Replaces every field of that name by one; nil removes them.
    package mutating func set(_ name: String, _ value: String?) {
        let kept = entries.filter { !isNamed($0, name) }
        entries = kept
        if let value { append(name, value) }
    }

    /// The value of the only field of that name; nil when there is none or more than one.
    package func only(_ name: String) -> String? {
        onlyEntry(name).map { text(in: $0.value) }
    }

    /// The value of the only field of that name as bytes; nil when there is none or more than one.
    package func onlyBytes(_ name: String) -> ArraySlice<UInt8>? {
        onlyEntry(name).map { bytes[$0.value] }
    }

    /// The value of the first field of that name.
    package subscript(_ name: String) -> String? {
        entries.first { isNamed($0, name) }.map { text(in: $0.value) }
    }

    /// The values of all fields of that name, in order.
    package func values(_ name: String) -> [String] {
        entries.filter { isNamed($0, name) }.map { text(in: $0.value) }
    }

    package func contains(_ name: String) -> Bool {
        entries.contains { isNamed($0, name) }
    }

    /// Hands over the bytes of each field in order.
    func forEach(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for entry in entries { body(bytes[entry.name], bytes[entry.value]) }
    }

    private func onlyEntry(_ name: String) -> Entry? {
        var found: Entry?
        for entry in entries where isNamed(entry, name) {
            guard found == nil else { return nil }
            found = entry
        }
        return found
    }

    private func isNamed(_ entry: Entry, _ name: String) -> Bool {
        let key = name.utf8
        guard entry.name.count == key.count else { return false }
        var index = Int(entry.nameStart)
        for byte in key {
            guard lowered(bytes[index]) == lowered(byte) else { return false }
            index += 1
        }
        return true
    }

    private func text(in range: Range<Int>) -> String {
        if let text = String(validating: bytes[range], as: UTF8.self) { return text }
        var text = ""
        text.unicodeScalars.append(contentsOf: bytes[range].lazy.map { Unicode.Scalar($0) })
        return text
    }
}

extension HTTPFields: Hashable {
    /// Whether both have the same names, letter by letter, and values in the same order.
    package static func == (left: HTTPFields, right: HTTPFields) -> Bool {
        guard left.entries.count == right.entries.count else { return false }
        return zip(left.entries, right.entries).allSatisfy { ours, theirs in
            left.bytes[ours.name] == right.bytes[theirs.name]
                && left.bytes[ours.value] == right.bytes[theirs.value]
        }
    }

    package func hash(into hasher: inout Hasher) {
        for entry in entries {
            hasher.combine(bytes[entry.name])
            hasher.combine(bytes[entry.value])
        }
    }
}

/// The byte with an ASCII upper-case letter turned into its lower-case one.
@inline(__always)
func lowered(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}
