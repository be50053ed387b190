/// A sorted set of the keys of a range of entries, on pages of the table `key_pages`.
///
/// The pages of a kind divide all hashes into as many equal parts, in their order, so that a hash
/// names the one page that it can be on.
struct KeyRun: Equatable {
    /// What is looked up by its hash.
    enum Kind: Int64, CaseIterable {
        case webhook = 0
        case event = 1
    }

    enum State: Int64 {
        /// It is being merged from others; after a crash its pages are only to be taken away.
        case building = 0
        case live = 1
        /// Its pages are being taken away.
        case leaving = 2
    }

    let number: Int64
    /// How often its keys were merged: it spans `8^level` blocks of entries.
    let level: Int
    let firstSequence: Int64
    let lastSequence: Int64
    let webhookPageCount: Int
    let eventPageCount: Int
    let webhookKeyCount: Int
    let eventKeyCount: Int
    /// Of the filter over its `webhook-id`s; 0 for none.
    let filterBlockCount: Int

    private static let kindShift: Int64 = 30
    private static let runShift: Int64 = 32
    /// Where the pages of the filter stand among the kinds.
    private static let filterKind: Int64 = 2

    func pageCount(_ kind: Kind) -> Int {
        switch kind {
        case .webhook: webhookPageCount
        case .event: eventPageCount
        }
    }

    /// The pages that a number of keys want.
    static func pageCount(forKeys count: Int) -> Int {
        max(1, (count + KeyPage.meanKeyCount - 1) / KeyPage.meanKeyCount)
    }

    /// The number of a page in `key_pages`.
    func place(_ kind: Kind, _ page: Int) -> Int64 {
        number << Self.runShift | kind.rawValue << Self.kindShift | Int64(page)
    }

    func place(ofFilterPage page: Int) -> Int64 {
        number << Self.runShift | Self.filterKind << Self.kindShift | Int64(page)
    }

    /// The entries whose keys it has.
    var sequences: ClosedRange<Int64> {
        firstSequence...max(firstSequence, lastSequence)
    }

    /// The numbers of all its pages.
    var places: Range<Int64> { number << Self.runShift..<(number + 1) << Self.runShift }
}
