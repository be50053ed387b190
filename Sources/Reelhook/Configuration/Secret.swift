/// A key, token or signing secret: it can be used, and it cannot be shown by accident.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The text itself; only what signs, verifies or authenticates reads it.
    package let revealed: String

    /// Takes the text without the white space around it.
    public init(_ text: String) {
        revealed = String(text.trimmingWhiteSpace())
    }

    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension StringProtocol {
    /// The text without ASCII white space at either end.
    func trimmingWhiteSpace() -> SubSequence {
        func isBlank(_ character: Character) -> Bool {
            character == " " || character.isNewline || character == "\t"
        }
        guard let first = firstIndex(where: { !isBlank($0) }),
            let last = lastIndex(where: { !isBlank($0) })
        else { return self[startIndex..<startIndex] }
        return self[first...last]
    }
}
