internal import Glibc

/// A moment of the monotonic clock by which something is to have happened.
///
/// It counts nanoseconds of `CLOCK_MONOTONIC` in 64 bits: a wait is set up for every request, and
/// the 128-bit arithmetic of `Duration` would show.
package struct Deadline: Comparable, Hashable, Sendable {
    let nanoseconds: Int64

    /// A deadline that is never reached; for waits that something else ends.
    package static let never = Deadline(nanoseconds: .max)

    /// The present moment.
    package static func now() -> Deadline {
        var clock = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &clock)
        return Deadline(
            nanoseconds: Int64(clock.tv_sec) * 1_000_000_000 + Int64(clock.tv_nsec)
        )
    }

    /// The moment a span after the present one.
    package static func after(_ span: Duration) -> Deadline {
        now().advanced(by: Span(span))
    }

    /// The moment later by a span.
    package func advanced(by span: Span) -> Deadline {
        let sum = nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Deadline(nanoseconds: sum.overflow ? .max : sum.partialValue)
    }

    /// A `Duration` made ready to be added to deadlines.
    package struct Span: Hashable, Sendable {
        let nanoseconds: Int64

        package init(_ span: Duration) {
            let (seconds, attoseconds) = span.components
            let product = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            let sum = product.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000)
            nanoseconds = product.overflow || sum.overflow ? .max : max(0, sum.partialValue)
        }
    }

    /// Whole milliseconds from a moment until this one, rounded up so that no wait ends early.
    func milliseconds(from moment: Deadline) -> Int32 {
        guard nanoseconds > moment.nanoseconds else { return 0 }
        let span = nanoseconds - moment.nanoseconds
        return Int32(clamping: span / 1_000_000 + (span % 1_000_000 == 0 ? 0 : 1))
    }

    package static func < (left: Deadline, right: Deadline) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
