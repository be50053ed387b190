extension AssetRecord {
    /// Whether a record in this state may be written where one in that state is kept, or none.
    ///
    /// Nobody but `releaseFiles` and `noteDeleted` lets a file leave, since they look at what is at
    /// work on the video.
    package func mayBeRecorded(over known: AssetState?) -> Bool {
        switch state {
        case .leaving, .deleted: false
        case .pending, .partial, .fetched, .stored, .absent, .lost: state.mayFollow(known)
        }
    }
}
