/// What a store step that is done says of itself; `reelhook check` reads it again.
package struct StoreNote: Hashable, Sendable {
    /// The step's name in a chain.
    package static let stepName = "store"

    /// The variants that are stored, where it says so.
    package let variants: Set<String>

    private static let unchanged = "every file was stored"
    private static let prefix = "stored "
    private static let separator = ", "

    /// Takes the text of a note; nil for one that no store step has written.
    package init?(_ text: String) {
        if text == Self.unchanged {
            variants = []
            return
        }
        guard text.hasPrefix(Self.prefix) else { return nil }
        var names: Set<String> = []
        var name = ""
        for character in text.dropFirst(Self.prefix.count) {
            switch character {
            case "a"..."z": name.append(character)
            case ",", " ":
                if !name.isEmpty { names.insert(name) }
                name = ""
            default: return nil
            }
        }
        if !name.isEmpty { names.insert(name) }
        guard !names.isEmpty else { return nil }
        variants = names
    }

    /// Where something was stored, the note names all that is.
    static func text(_ variants: [String], hasNews: Bool) -> String {
        hasNews ? prefix + variants.sorted().joined(separator: separator) : unchanged
    }
}
