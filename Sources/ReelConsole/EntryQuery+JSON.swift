package import ReelJSON
package import ReelJournal
internal import ReelRuntime

extension EntryQuery {
    /// The conditions as JSON, for a command that talks to the running service.
    package var json: JSONValue {
        var object = JSONObject()
        object["sequences"] = sequences.map { .array($0.map { .integer($0) }) }
        object["types"] = types.map { .array($0.map { .string($0) }) }
        object["states"] = states.map { .array($0.map { .string($0.rawValue) }) }
        object["video"] = videoID.map { .string($0.rawValue) }
        object["event"] = eventID.map { .string($0) }
        object["webhook"] = webhookID.map { .string($0) }
        object["origin"] = origin.map { .string($0.rawValue) }
        object["from"] = receivedFrom.map { .string($0.description) }
        object["to"] = receivedTo.map { .string($0.description) }
        object["before"] = before.map { .integer($0) }
        object["limit"] = .integer(limit)
        return .object(object)
    }

    /// Reads what `json` wrote; nil when a member is not what it should be, so that a condition
    /// that is not understood never widens what is matched.
    package init?(json: JSONValue) {
        guard let object = json.object else { return nil }
        self.init()
        for (name, value) in object.members {
            switch name {
            case "sequences":
                guard let numbers = value.array?.map(\.integer), !numbers.contains(nil) else {
                    return nil
                }
                sequences = numbers.compactMap(\.self)
            case "types":
                guard let names = value.array?.map(\.string), !names.contains(nil) else {
                    return nil
                }
                types = names.compactMap(\.self)
            case "states":
                guard
                    let names = value.array?.map({ $0.string.flatMap(EventState.init(rawValue:)) }),
                    !names.contains(nil)
                else { return nil }
                states = names.compactMap(\.self)
            case "video":
                guard let id = value.string.flatMap(VideoID.init) else { return nil }
                videoID = id
            case "event":
                guard let text = value.string else { return nil }
                eventID = text
            case "webhook":
                guard let text = value.string else { return nil }
                webhookID = text
            case "origin":
                guard let word = value.string.flatMap(EntryOrigin.init(rawValue:)) else {
                    return nil
                }
                origin = word
            case "from":
                guard let moment = value.string.flatMap(Timestamp.init(rfc3339:)) else {
                    return nil
                }
                receivedFrom = moment
            case "to":
                guard let moment = value.string.flatMap(Timestamp.init(rfc3339:)) else {
                    return nil
                }
                receivedTo = moment
            case "before":
                guard let number = value.integer, number >= 0 else { return nil }
                before = number
            case "limit":
                guard let number = value.integer, (1...10_000).contains(number) else { return nil }
                limit = Int(number)
            default: return nil
            }
        }
    }
}
