package import ReelJournal

/// A step that a run has brought to its end, with the files that its video has records of.
package struct FinishedStep: Sendable, Hashable {
    /// Of the entry, and which of its runs: the place in the order of `finishedSteps`.
    package let sequence: Int64
    package let position: Int64
    package let provider: String
    package let videoID: VideoID
    package let note: String?
    /// The variants that there is a record of, in whatever state.
    package let variants: Set<String>
}
