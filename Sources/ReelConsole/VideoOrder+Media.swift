internal import ReelJournal
internal import ReelProviders

extension VideoOrder {
    /// What the video is to be, as far as the order itself says it.
    ///
    /// An extension orders the seconds that are added, and not those of the whole.
    var media: OrderedMedia? {
        OrderedMedia(seconds: work == .extend ? nil : seconds, size: size)
    }
}
