package import ReelRuntime

/// Which trace a piece of work belongs to, as the `traceparent` field carries it
/// (W3C Trace Context, Recommendation, section 3.2).
///
/// The `tracestate` field is not carried on, which section 3.4 allows.
package struct TraceContext: Hashable, Sendable {
    /// The two halves of the trace's 16 bytes, never both 0.
    private let trace: (high: UInt64, low: UInt64)
    /// The span's 8 bytes, never 0.
    private let span: UInt64
    /// Whether the caller may have recorded its part.
    package let isSampled: Bool

    /// Begins a trace.
    package init(random: some RandomSource, isSampled: Bool = true) {
        trace = (random.next(), Self.nonZero(random))
        span = Self.nonZero(random)
        self.isSampled = isSampled
    }

    private init(trace: (high: UInt64, low: UInt64), span: UInt64, isSampled: Bool) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// Reads the field; nil for what section 3.2.2 calls invalid, and then a trace is begun.
    package init?(traceparent text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 55, bytes.count <= 256, bytes[2] == dash, bytes[35] == dash,
            bytes[52] == dash, let version = number(bytes[0..<2]), version != 0xFF,
            let high = number(bytes[3..<19]), let low = number(bytes[19..<35]),
            let span = number(bytes[36..<52]), let flags = number(bytes[53..<55]),
            high != 0 || low != 0, span != 0
        else { return nil }
        // A later version may be longer, behind another dash; what it adds is not read.
        guard bytes.count == 55 || (version > 0 && bytes[55] == dash) else { return nil }
        trace = (high, low)
        self.span = span
        isSampled = flags & 1 == 1
    }

    /// The same trace with a span of its own, for a part of the work or a call it makes.
    package func child(random: some RandomSource) -> TraceContext {
        TraceContext(trace: trace, span: Self.nonZero(random), isSampled: isSampled)
    }

    /// The field's value, in version 00.
    package var traceparent: String {
        "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")"
    }

    /// The trace as 32 lower-case hexadecimal digits, the key to look for in a log.
    package var traceID: String { digits(trace.high) + digits(trace.low) }

    /// The span as 16 lower-case hexadecimal digits.
    package var spanID: String { digits(span) }

    package static func == (left: TraceContext, right: TraceContext) -> Bool {
        left.trace == right.trace && left.span == right.span && left.isSampled == right.isSampled
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(trace.high)
        hasher.combine(trace.low)
        hasher.combine(span)
        hasher.combine(isSampled)
    }

    private static func nonZero(_ random: some RandomSource) -> UInt64 {
        max(1, random.next())
    }
}

private let dash = UInt8(ascii: "-")

/// The number that lower-case hexadecimal digits spell, at most sixteen of them.
private func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var number: UInt64 = 0
    for digit in digits {
        switch digit {
        case 0x30...0x39: number = number << 4 | UInt64(digit - 0x30)
        case 0x61...0x66: number = number << 4 | UInt64(digit - 0x61 + 10)
        default: return nil
        }
    }
    return number
}

private func digits(_ number: UInt64) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 16 - text.utf8.count) + text
}
