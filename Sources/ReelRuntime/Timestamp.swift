/// A moment of wall time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Milliseconds are what the journal stores and what every interface shows; a span between two
/// moments is a `Duration`.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since the Unix epoch; negative before it.
    public var millisecondsSinceEpoch: Int64

    public init(millisecondsSinceEpoch: Int64) {
        self.millisecondsSinceEpoch = millisecondsSinceEpoch
    }

    /// The moment that many whole seconds after the epoch, held within the range of milliseconds.
    public init(secondsSinceEpoch: Int64) {
        let product = secondsSinceEpoch.multipliedReportingOverflow(by: 1000)
        let bound = secondsSinceEpoch < 0 ? Int64.min : Int64.max
        millisecondsSinceEpoch = product.overflow ? bound : product.partialValue
    }

    /// Whole seconds since the epoch, rounded towards the past.
    public var secondsSinceEpoch: Int64 {
        let (quotient, remainder) = millisecondsSinceEpoch.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
    }

    /// The moment after a span, rounded down to a millisecond.
    public static func + (moment: Timestamp, span: Duration) -> Timestamp {
        Timestamp(
            millisecondsSinceEpoch: saturating(
                moment.millisecondsSinceEpoch,
                span.wholeMilliseconds
            )
        )
    }

    /// The moment before it by a span, rounded to a millisecond.
    public static func - (moment: Timestamp, span: Duration) -> Timestamp {
        let milliseconds = span.wholeMilliseconds
        let negated = milliseconds == .min ? .max : -milliseconds
        return Timestamp(
            millisecondsSinceEpoch: saturating(moment.millisecondsSinceEpoch, negated)
        )
    }

    /// The span from the right moment to the left one.
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        let difference = left.millisecondsSinceEpoch.subtractingReportingOverflow(
            right.millisecondsSinceEpoch
        )
        let bound = left < right ? Int64.min : Int64.max
        return .milliseconds(difference.overflow ? bound : difference.partialValue)
    }

    private static func saturating(_ value: Int64, _ change: Int64) -> Int64 {
        let sum = value.addingReportingOverflow(change)
        return sum.overflow ? (change < 0 ? .min : .max) : sum.partialValue
    }
}

extension Duration {
    /// Whole milliseconds in the span, rounded towards zero and held within `Int64`.
    public var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let product = seconds.multipliedReportingOverflow(by: 1000)
        guard !product.overflow else { return seconds < 0 ? .min : .max }
        let sum = product.partialValue.addingReportingOverflow(
            attoseconds / 1_000_000_000_000_000
        )
        return sum.overflow ? (seconds < 0 ? .min : .max) : sum.partialValue
    }

    /// The span in seconds, as a fraction.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
