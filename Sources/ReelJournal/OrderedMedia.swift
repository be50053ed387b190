/// What a video was ordered to be, in the words of the order; kept as the provider may say another.
package struct OrderedMedia: Sendable, Hashable {
    /// As `8`; nil when the order left it to the provider.
    package let seconds: String?
    /// As `1280x720`.
    package let size: String?

    /// The most bytes of a word that is kept: what is longer is no such number.
    private static let byteCountMax = 32

    /// Takes the order's words; nil when it has neither.
    package init?(seconds: String?, size: String?) {
        func kept(_ word: String?) -> String? {
            guard let word, (1...Self.byteCountMax).contains(word.utf8.count) else { return nil }
            return word
        }
        self.seconds = kept(seconds)
        self.size = kept(size)
        if self.seconds == nil, self.size == nil { return nil }
    }
}
