/// Rows of the journal that cannot both be true.
package struct JournalContradiction: Sendable, Hashable {
    /// Which rows, such as `entry 12`.
    package let place: String
    /// What is wrong, as a sentence about them.
    package let message: String
}
