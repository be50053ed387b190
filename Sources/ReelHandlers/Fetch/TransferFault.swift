internal import ReelAssets
internal import ReelHTTPClient
internal import ReelJournal
internal import ReelProviders

/// Why a file is not fetched yet, or never will be.
enum TransferFault: Error, Hashable, Sendable {
    /// The provider did not begin to send it.
    case provider(ProviderError)
    /// The transfer broke off; what came is recorded.
    case interrupted(HTTPClientError)
    /// Less came than was announced, and the provider ended it in good order.
    case short
    /// What came is not to be kept: too long, encoded, or not the medium.
    case refused(Reason)
    /// A video came where a picture was asked for: a server that does not know of variants.
    case otherMedium
    /// A whole video, and not the one that was ordered, where the configuration refuses that.
    case notAsOrdered(Reason, [MediaOrder.Trait])
    /// Our own disk.
    case disk(AssetError)
    /// Our own journal.
    case journal(JournalError)

    init(_ error: AssetError) {
        switch error {
        case .notTheMedium(rule: MediaInspector.videoForImage): self = .otherMedium
        case .notTheMedium(let rule): self = .refused(Reason("not_the_medium", rule))
        case .lengthMismatch, .tooLarge:
            self = .refused(Reason(error.code, error.description))
        case .diskFull, .disk, .missing, .occupied, .changed, .invalidName, .store:
            self = .disk(error)
        }
    }
}
