internal import ReelHTTP
internal import ReelRuntime

/// What a server's header fields ask of the client, read with care.
enum ServerWish {
    /// No wish beyond this is taken at its word.
    private static let longest: Duration = .seconds(86_400)

    /// How long to wait before the next try: `retry-after-ms`, or else `Retry-After` in seconds or
    /// as a date (RFC 9110, section 10.2.3).
    ///
    /// Nil when there is none above zero.
    static func retryAfter(_ fields: HTTPFields, now: Timestamp) -> Duration? {
        if let wait = milliseconds(fields["retry-after-ms"]) { return wait }
        guard let text = fields["Retry-After"] else { return nil }
        if let seconds = number(text) { return bounded(seconds * 1000) }
        guard let moment = Timestamp(httpDate: text), moment > now else { return nil }
        return min(moment - now, longest)
    }

    /// When to ask for a job's state again: `openai-poll-after-ms`, or else `Retry-After`.
    static func pollAfter(_ fields: HTTPFields, now: Timestamp) -> Duration? {
        milliseconds(fields["openai-poll-after-ms"]) ?? retryAfter(fields, now: now)
    }

    /// Whether the server wants the same request again: `x-should-retry`, as OpenAI's SDKs read it.
    static func wantsRetry(_ fields: HTTPFields) -> Bool? {
        switch fields["x-should-retry"] {
        case "true": true
        case "false": false
        default: nil
        }
    }

    private static func milliseconds(_ text: String?) -> Duration? {
        text.flatMap(number).flatMap(bounded)
    }

    /// A decimal number without a sign or an exponent.
    private static func number(_ text: String) -> Double? {
        guard !text.isEmpty, text.utf8.count <= 20,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
        else { return nil }
        return Double(text)
    }

    private static func bounded(_ milliseconds: Double) -> Duration? {
        guard milliseconds > 0 else { return nil }
        let most = Double(longest.wholeMilliseconds)
        return .milliseconds(Int64(min(milliseconds, most).rounded(.up)))
    }
}
