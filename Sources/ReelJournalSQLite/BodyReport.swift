/// What came of comparing a piece of the stored bodies.
package struct BodyReport: Sendable, Hashable {
    /// Where the next piece begins; nil when this was the last.
    package let last: Int64?
    package let count: Int
    package let faults: [JournalContradiction]
}
