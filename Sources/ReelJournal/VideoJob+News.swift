extension JobState {
    /// Whether the provider's work on the video is over and known to be.
    package var isEnded: Bool {
        switch self {
        case .completed, .failed, .deleted: true
        case .open, .lost: false
        }
    }
}

extension VideoJob {
    /// A video that is heard of for the first time.
    package init(first news: JobUpdate) {
        self.init(
            provider: news.provider,
            id: news.id,
            state: news.state ?? .open,
            origin: news.origin,
            status: news.status,
            progress: news.progress,
            object: news.object,
            expiresAt: news.expiresAt,
            firstSeenAt: news.moment,
            updatedAt: news.moment,
            reason: news.reason,
            keyPrint: news.keyPrint,
            ordered: news.ordered,
            removal: news.state == .deleted ? nil : news.removal
        )
    }

    /// The job after the news; itself where the news says something that the life cycle refuses.
    ///
    /// News that names a state which the job can neither keep nor move to is late or wrong, and
    /// none of it is taken. News that names no state may still be late: what it says of status,
    /// progress and object is left out once the job has ended.
    package func after(_ news: JobUpdate) -> VideoJob {
        let next = news.state ?? state
        guard next == state || state.mayBecome(next) else { return self }
        let isLate = news.state == nil && state.isEnded
        return VideoJob(
            provider: provider,
            id: id,
            state: next,
            origin: origin,
            status: isLate ? status : news.status ?? status,
            progress: isLate ? progress : news.progress ?? progress,
            object: isLate ? object : news.object ?? object,
            expiresAt: news.expiresAt ?? expiresAt,
            firstSeenAt: firstSeenAt,
            updatedAt: news.moment,
            reason: news.reason ?? reason,
            keyPrint: news.keyPrint ?? keyPrint,
            ordered: ordered ?? news.ordered,
            removal: next == .deleted ? nil : news.removal ?? removal
        )
    }
}

extension JobUpdate {
    /// What an event tells of its video; nil when it is about none, or is run again by hand.
    ///
    /// An event that tells of no end makes the video known, so that its end is looked for.
    package init?(of draft: EntryDraft) {
        guard let videoID = draft.videoID, draft.origin != .replay else { return nil }
        self.init(
            provider: draft.provider,
            id: videoID,
            origin: .event,
            moment: draft.receivedAt
        )
        switch draft.fact?.terminal {
        case .completed?: state = .completed
        case .failed?: state = .failed
        case nil: return
        }
        status = state?.rawValue
    }
}
