package import ReelRuntime

/// Who told Reelhook of a video first.
package enum JobOrigin: String, Hashable, Sendable, CaseIterable {
    /// It was created through the console.
    case console
    /// `videos track`.
    case track
    /// The provider's list.
    case list
    /// An event about it arrived before anything else.
    case event
}

/// A video as the journal remembers it.
package struct VideoJob: Sendable, Hashable {
    package let provider: String
    package let id: VideoID
    package let state: JobState
    package let origin: JobOrigin
    /// The provider's own word, such as `in_progress`; nil before it was asked.
    package let status: String?
    /// From 0 to 100; nil when the provider does not say.
    package let progress: Int?
    /// The last object that the provider sent, as JSON; nil before it was asked.
    package let object: [UInt8]?
    /// When the provider says that the links die.
    package let expiresAt: Timestamp?
    package let firstSeenAt: Timestamp
    package let updatedAt: Timestamp
    /// Why it is lost or failed.
    package let reason: Reason?
    /// Tells which of the provider's keys made it or can see it, as far as it is known.
    package let keyPrint: UInt16?
    /// Nil when it was not ordered through here, or the order left all to the provider.
    package let ordered: OrderedMedia?
    /// Nil when it is not to be deleted at the provider, and once it is.
    package let removal: ProviderRemoval?

    package init(
        provider: String,
        id: VideoID,
        state: JobState,
        origin: JobOrigin,
        status: String?,
        progress: Int?,
        object: [UInt8]?,
        expiresAt: Timestamp?,
        firstSeenAt: Timestamp,
        updatedAt: Timestamp,
        reason: Reason?,
        keyPrint: UInt16? = nil,
        ordered: OrderedMedia? = nil,
        removal: ProviderRemoval? = nil
    ) {
        self.provider = provider
        self.id = id
        self.state = state
        self.origin = origin
        self.status = status
        self.progress = progress
        self.object = object
        self.expiresAt = expiresAt
        self.firstSeenAt = firstSeenAt
        self.updatedAt = updatedAt
        self.reason = reason
        self.keyPrint = keyPrint
        self.ordered = ordered
        self.removal = removal
    }
}

/// News of a video: what is nil leaves what is known.
package struct JobUpdate: Sendable, Hashable {
    package var provider: String
    package var id: VideoID
    /// Used when the video is not known yet.
    package var origin: JobOrigin
    /// The state to move to; news with a move that the life cycle does not have is ignored.
    ///
    /// Without one, an ended job keeps its status, progress and object.
    package var state: JobState?
    package var status: String?
    package var progress: Int?
    package var object: [UInt8]?
    package var expiresAt: Timestamp?
    package var reason: Reason?
    package var keyPrint: UInt16?
    /// Taken once: what was ordered does not change.
    package var ordered: OrderedMedia?
    /// Ignored for a job that is deleted at the provider.
    package var removal: ProviderRemoval?
    package var moment: Timestamp

    package init(provider: String, id: VideoID, origin: JobOrigin, moment: Timestamp) {
        self.provider = provider
        self.id = id
        self.origin = origin
        self.moment = moment
    }
}

/// One file of a video as the journal remembers it.
package struct AssetRecord: Sendable, Hashable {
    package var provider: String
    package var videoID: VideoID
    /// `video`, `thumbnail`, `spritesheet`.
    package var variant: String
    package var state: AssetState
    /// Bytes on disk so far; the whole length once it is fetched.
    package var byteCount: Int64
    package var sha256: String?
    package var contentType: String?
    /// The provider's validator, for resuming.
    package var entityTag: String?
    /// Where it is kept, relative to the store's root; set once it is stored.
    package var location: String?
    package var reason: Reason?
    package var updatedAt: Timestamp

    package init(
        provider: String,
        videoID: VideoID,
        variant: String,
        state: AssetState,
        byteCount: Int64 = 0,
        sha256: String? = nil,
        contentType: String? = nil,
        entityTag: String? = nil,
        location: String? = nil,
        reason: Reason? = nil,
        updatedAt: Timestamp
    ) {
        self.provider = provider
        self.videoID = videoID
        self.variant = variant
        self.state = state
        self.byteCount = byteCount
        self.sha256 = sha256
        self.contentType = contentType
        self.entityTag = entityTag
        self.location = location
        self.reason = reason
        self.updatedAt = updatedAt
    }
}
