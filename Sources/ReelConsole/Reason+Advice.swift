package import ReelJournal
internal import ReelProviders

extension Reason {
    /// What an operator can do about a provider's fault; nil for a reason that speaks of none.
    package var advice: String? {
        ProviderError.Kind(reasonCode: code, detail: detail)?.operatorMessage
    }

    /// What a provider's fault means to whoever asked for the video; nil for another reason.
    package var userMessage: String? {
        ProviderError.Kind(reasonCode: code, detail: detail)?.userMessage
    }
}
