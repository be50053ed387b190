/// Rows of the journal that cannot both be true.
package struct JournalContradiction: Sendable, Hashable {
    /// What helps.
    package enum Remedy: Sendable, Hashable {
        /// What was is in a backup alone.
        case backup
        /// What was to follow from an entry follows from its replay.
        case replay(sequence: Int64)
        /// The index of keys is made anew from the entries.
        case newKeys
    }

    /// Which rows, such as `entry 12`.
    package let place: String
    /// What is wrong, as a sentence about them.
    package let message: String
    package let remedy: Remedy

    init(place: String, message: String, remedy: Remedy = .backup) {
        self.place = place
        self.message = message
        self.remedy = remedy
    }
}
