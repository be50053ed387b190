package import ReelAssets
package import ReelEvents
package import ReelJournal
package import ReelObservability
package import ReelRuntime
internal import ReelS3

/// Puts the fetched files of an event's video under their final names, and the manifest last.
///
/// It may be cut off between any two steps and begins again: a file that stands already is known by
/// its hash, and the record follows the file.
package struct StoreHandler: Handler {
    let store: any AssetStore
    let staging: StagingArea
    let journal: Journal
    let time: any TimeSource
    let logger: Logger
    /// Until our own disk is looked at again.
    let diskFullWait: Duration

    package init(
        store: any AssetStore,
        staging: StagingArea,
        journal: Journal,
        time: any TimeSource,
        logger: Logger,
        diskFullWait: Duration = .seconds(60)
    ) {
        self.store = store
        self.staging = staging
        self.journal = journal
        self.time = time
        self.logger = logger.named("store")
        self.diskFullWait = diskFullWait
    }

    package func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        guard let videoID = event.videoID else {
            return .giveUp(Reason("no_video", "the event names no video"))
        }
        do throws(StoreFault) {
            return try await StoreAttempt(
                handler: self,
                event: event,
                videoID: videoID,
                context: context
            ).run()
        } catch {
            let outcome = outcome(of: error)
            logger.warning(
                "a video is not stored yet",
                [
                    "video.id": .string(videoID.rawValue),
                    "reason": .string(outcome.reason?.logText ?? ""),
                ]
            )
            return outcome
        }
    }

    private func outcome(of fault: StoreFault) -> Outcome {
        switch fault {
        case .journal(let error):
            return .postpone(error, whenFull: diskFullWait)
        case .context:
            return .postpone(
                Outcome.journalWait,
                Reason("journal_refused", "the step's progress could not be kept")
            )
        case .nothing: return .giveUp(Reason("nothing_fetched", "no file was fetched"))
        case .asset(let error):
            let reason = Reason(error.code, error.description)
            switch error {
            case .diskFull: return .postpone(diskFullWait, reason)
            case .disk: return .retry(reason)
            case .store(let error) where error.isTransient:
                return .retry(after: error.retryAfter, reason)
            // The operator's to mend; the file is safe in the staging area until then.
            case .store: return .postpone(diskFullWait, reason)
            case .missing, .occupied, .changed, .notTheMedium, .lengthMismatch, .tooLarge,
                .invalidName:
                return .giveUp(reason)
            }
        }
    }
}

/// Why a video is not stored.
enum StoreFault: Error {
    case journal(JournalError)
    case asset(AssetError)
    /// The dispatcher did not keep a checkpoint: the claim is lost, or the journal failed.
    case context
    /// There is no video file to store.
    case nothing
}
