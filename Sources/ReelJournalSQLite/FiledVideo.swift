package import ReelJournal
package import ReelRuntime

/// A video that the journal has records of files of, as it stood when it was read.
package struct FiledVideo: Sendable, Hashable {
    /// Its place in the order of `filedVideos(after:limit:)`.
    package let number: Int64
    package let provider: String
    package let videoID: VideoID
    /// Whether a run of it is still open, which may change its files.
    package let isBusy: Bool
    /// Until when somebody is at work on it; nil when nobody is.
    package let leaseUntil: Timestamp?
    package let assets: [AssetRecord]
}
