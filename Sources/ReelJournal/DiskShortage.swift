package import ReelRuntime

/// The last time that the journal's disk was full.
package struct DiskShortage: Sendable, Hashable {
    package let since: Timestamp
    /// When there was room again; nil while there is none.
    package let until: Timestamp?

    package init(since: Timestamp, until: Timestamp?) {
        self.since = since
        self.until = until
    }
}
