package import ReelJournal
internal import ReelRuntime

/// The idempotency key of one step for one event: `msg_` and 32 hexadecimal digits.
///
/// For the end of a video it comes from the fact, so it is the same whether a webhook or a poll
/// told of it, and in a journal that was begun anew; for any other delivery from its `webhook-id`.
/// A replay is meant to have an effect again, and has a key of its own.
package enum HandlerID {
    /// The key of a step of a chain, by their names, for an entry.
    package static func of(_ entry: JournalEntry, chain: String, step: String) -> String {
        let hash = hash(entry, chain, step)
        return "msg_" + digits(UInt64(truncatingIfNeeded: hash >> 64))
            + digits(UInt64(truncatingIfNeeded: hash))
    }

    /// In halves, since text of a `UInt128` is made by dividing it digit by digit.
    private static func digits(_ half: UInt64) -> String {
        let digits = String(half, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func hash(_ entry: JournalEntry, _ chain: String, _ step: String) -> UInt128 {
        // A number of a journal that was begun anew may come again, its moment does not.
        let number = "\(entry.sequence)@\(entry.receivedAt.millisecondsSinceEpoch)"
        switch entry.origin {
        case .replay:
            return StableHash.wide("replay", number, chain, step)
        case .webhook, .poll:
            if let videoID = entry.videoID?.rawValue, let type = entry.type, isTerminal(type) {
                return StableHash.wide("fact", entry.provider, videoID, type, chain, step)
            }
            if let webhookID = entry.webhookID {
                return StableHash.wide("webhook", entry.source, webhookID, chain, step)
            }
            return StableHash.wide("entry", number, chain, step)
        }
    }

    private static func isTerminal(_ type: String) -> Bool {
        type == EventType.videoCompleted.name || type == EventType.videoFailed.name
    }
}
