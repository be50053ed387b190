internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// An entry as one line for a reader.
enum EventText {
    static func line(_ entry: JournalEntry, _ json: JSONValue) -> String {
        var parts = [
            padded(String(entry.sequence), 6),
            entry.receivedAt.description,
            padded(entry.state.rawValue, 12),
            padded(printable(entry.type ?? "(no type)"), 16),
            padded(entry.origin.rawValue, 7),
            entry.videoID?.rawValue ?? "-",
        ]
        if let reason = json["reason"]?.string {
            parts.append(reason + (json["detail"]?.string.map { ": " + printable($0) } ?? ""))
        }
        return parts.joined(separator: "  ")
    }

    /// Text from outside without what would move a terminal's cursor.
    static func printable(_ text: String) -> String {
        String(
            text.unicodeScalars.prefix(300).map { scalar in
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                    ? "?" : Character(scalar)
            }
        )
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
