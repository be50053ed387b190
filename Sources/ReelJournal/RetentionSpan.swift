/// How long what is over is kept, by what it is; an operator sets each of them.
package enum RetentionSpan: String, Hashable, Sendable, CaseIterable {
    /// Events that were done, and repetitions of them.
    case finished
    /// Events that no chain took.
    case unhandled
    /// Events that were given up, set aside or contradicted an earlier one.
    case dead
    /// What is known of videos, once no event speaks of them and no file of them is stored.
    case videos
    /// Replays that came to their end.
    case replays

    /// The shortest that may be set, in days.
    ///
    /// A provider sends an event again for up to 72 hours; an entry that was gone by then would be
    /// taken for new when it comes once more. A day is left for clocks.
    package static let shortestDayCount = 4
    /// The longest, a hundred years.
    package static let longestDayCount = 36_525

    /// In the configuration's section `retention`.
    package var key: String { rawValue + "_days" }

    /// Unless an operator sets another.
    package var standardDayCount: Int {
        switch self {
        case .finished, .replays: 90
        case .unhandled: 30
        case .dead: 365
        case .videos: 730
        }
    }
}
