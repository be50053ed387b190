internal import ReelRuntime

/// How a follower of the journal reads; every value is held within its range.
package struct EntryStreamConfiguration: Sendable, Hashable {
    /// The entries read at once, from 1 to 10,000.
    package var pageSize: Int
    /// The longest time between two looks at the journal.
    package var safetyInterval: Duration
    /// The wait after the journal could not be read.
    package var errorInterval: Duration

    package init(
        pageSize: Int = 256,
        safetyInterval: Duration = .seconds(5),
        errorInterval: Duration = .seconds(1)
    ) {
        self.pageSize = min(max(pageSize, 1), 10_000)
        self.safetyInterval = max(safetyInterval, .milliseconds(1))
        self.errorInterval = max(errorInterval, .milliseconds(1))
    }
}
