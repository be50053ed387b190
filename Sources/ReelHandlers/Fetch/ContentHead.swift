internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelJournal

/// What a response's head says of the content that follows, against what was asked for.
enum ContentHead: Hashable, Sendable {
    /// It goes on where we are; the length of the whole, if it is known.
    case next(total: Int64?)
    /// It begins anew, whole.
    case whole(total: Int64?)
    /// It belongs to other bytes than those that are here: ask again without them.
    case mismatch
    /// It is nothing to keep.
    case refused(Reason)

    init(_ head: HTTPClientResponse.Head, offset: Int64, entityTag: String?) {
        if let reason = Self.refusal(head) {
            self = .refused(reason)
            return
        }
        switch head.status.code {
        case 200: self = .whole(total: head.contentLength)
        case 206:
            guard let range = head.fields.only("Content-Range").flatMap({ HTTPContentRange($0) }),
                let offsets = range.offsets, offsets.lowerBound == offset,
                range.size.map({ $0 == offsets.upperBound }) ?? true
            else {
                self = .mismatch
                return
            }
            let found = Self.entityTag(head)
            let isSame = found == nil || found == entityTag
            self = isSame ? .next(total: range.size ?? offsets.upperBound) : .mismatch
        default:
            self = .refused(Reason("unexpected_status", "HTTP status \(head.status.code)"))
        }
    }

    /// A validator that may stand in `If-Range`: strong ones only (RFC 9110, section 13.1.5).
    static func entityTag(_ head: HTTPClientResponse.Head) -> String? {
        guard let tag = head.fields.only("ETag"), (3...256).contains(tag.utf8.count),
            tag.hasPrefix("\""), tag.hasSuffix("\""),
            tag.utf8.dropFirst().dropLast().allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 })
        else { return nil }
        return tag
    }

    /// An encoded body has another length and hash than the file; text is an error page that came
    /// with a good status.
    private static func refusal(_ head: HTTPClientResponse.Head) -> Reason? {
        if let coding = head.fields["Content-Encoding"], coding.lowercased() != "identity" {
            return Reason("content_encoded", "the content has a coding")
        }
        let type = head.fields["Content-Type"]?.split(separator: ";").first?.lowercased() ?? ""
        if type == "application/json" { return Reason("not_the_medium", "json") }
        if type == "text/html" { return Reason("not_the_medium", "html") }
        if type.hasPrefix("text/") { return Reason("not_the_medium", "text") }
        return nil
    }
}
