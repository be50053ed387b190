internal import ReelRuntime

/// The event that a webhook would have brought, for an end that a poll found.
package struct ObservedEvent: Sendable, Hashable {
    /// The same for the same fact, whenever and by whomever it is found: `evt_` and 32 hexadecimal
    /// digits of a hash over provider, video and end.
    package let id: String
    package let type: String
    /// `{"id","object":"event","created_at","type","data":{"id"}}`, the shape of OpenAI's.
    package let body: [UInt8]

    package init(_ observation: Observation) {
        let fact = observation.fact
        let hash = StableHash.wide(fact.provider, fact.videoID.rawValue, fact.terminal.rawValue)
        let digits = String(hash, radix: 16)
        id = "evt_" + String(repeating: "0", count: 32 - digits.count) + digits
        type = "video.\(fact.terminal.rawValue)"
        // Nothing here needs an escape: a video id has neither quotes nor backslashes.
        let text =
            #"{"id":"\#(id)","object":"event","#
            + #""created_at":\#(observation.occurredAt.secondsSinceEpoch),"#
            + #""type":"\#(type)","data":{"id":"\#(fact.videoID.rawValue)"}}"#
        body = Array(text.utf8)
    }
}
