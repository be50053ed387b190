package import ReelJournal
package import ReelProviders
package import ReelRuntime

/// What a provider's word on a video means for its job.
package enum Finding: Sendable, Hashable {
    case underway
    /// An end that enters the journal as an observation; the reason is kept with the job.
    case ended(TerminalState, at: Timestamp, Reason?)
    /// An end that nothing can be done about: the files are gone.
    case lost(Reason)

    package init(_ video: VideoObject, at moment: Timestamp) {
        self =
            switch video.status {
            case .queued, .inProgress, .other:
                .underway
            case .completed:
                .ended(.completed, at: video.completedAt ?? moment, nil)
            case .failed:
                .ended(
                    .failed,
                    at: video.completedAt ?? moment,
                    Reason("failed_at_provider", Self.plainWord(video.errorCode))
                )
            case .cancelled:
                .ended(.failed, at: video.completedAt ?? moment, Reason("cancelled_at_provider"))
            case .expired:
                .lost(Reason("expired_at_provider"))
            }
    }

    /// The provider's code if it is one; its text may quote the prompt and is not kept.
    private static func plainWord(_ text: String?) -> String? {
        guard let text, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            })
        else { return nil }
        return text
    }
}
