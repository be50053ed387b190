/// Why something was refused, retried, set aside or given up.
///
/// The code is from a small fixed set and is what decisions, metrics and filters use; the detail
/// is for a reader. Neither ever holds a secret, a key, a URL with a query, or a body.
public struct Reason: Hashable, Sendable, CustomStringConvertible {
    /// A lower-case word with underscores, such as `provider_unavailable`.
    public let code: String
    /// A sentence for the operator, at most 500 bytes; nil when the code says it all.
    public let detail: String?

    public init(_ code: String, _ detail: String? = nil) {
        self.code = code
        self.detail = detail.map { Self.shortened($0) }
    }

    /// `code: detail`, or the code alone.
    public var description: String { detail.map { "\(code): \($0)" } ?? code }

    /// The same for a line of the log: short, and without what a command said, of which nobody
    /// knows what it holds.
    package var logText: String {
        guard let detail else { return code }
        let told = code.hasPrefix("command_") ? String(detail.prefix { $0 != ":" }) : detail
        return "\(code): \(Self.shortened(told, to: 200))"
    }

    private static func shortened(_ text: String, to byteCountMax: Int = 500) -> String {
        guard text.utf8.count > byteCountMax else { return text }
        return String(decoding: text.utf8.prefix(byteCountMax - 3), as: UTF8.self) + "…"
    }
}
