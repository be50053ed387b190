internal import ReelHTTP
internal import ReelRuntime

/// The `Retry-After` field (RFC 9110, section 10.2.3): a number of seconds or a date.
enum RetryAfter {
    /// The wait that it asks for; nil when there is none that can be read.
    static func wait(_ fields: HTTPFields, now: Timestamp) -> Duration? {
        guard let text = fields.only("Retry-After") else { return nil }
        if let seconds = UInt32(text) { return .seconds(seconds) }
        guard let moment = Timestamp(httpDate: text) else { return nil }
        return max(.zero, moment - now)
    }
}
