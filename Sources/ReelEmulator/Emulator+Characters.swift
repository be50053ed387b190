internal import ReelHTTP
internal import ReelJSON
internal import ReelRuntime

extension Emulator {
    /// Makes a character of the video that a form brings along.
    func createCharacter(_ exchange: EmulatorExchange) throws(APIError) -> HTTPResponse {
        let form = try VideoForm(exchange.request)
        guard let name = try form.string("name") else { throw .missing("name") }
        guard (1...80).contains(name.unicodeScalars.count) else {
            throw APIError(
                .badRequest,
                "Invalid 'name': expected a string of 1 to 80 characters.",
                param: "name",
                code: "invalid_value"
            )
        }
        switch form["video"] {
        case .file(_, let bytes) where !bytes.isEmpty: break
        case .file, .text, .json, nil: throw .missing("video")
        }
        let character = state.withLock { state in
            state.makeCharacter(name, at: exchange.now)
        }
        return .json(.ok, character.serialized())
    }
}

extension EmulatorState {
    /// The most characters kept; beyond it all are forgotten.
    private static let characterCountMax = 1000

    /// Makes a character and remembers it.
    mutating func makeCharacter(_ name: String, at now: Timestamp) -> JSONValue {
        if characters.count >= Self.characterCountMax { characters.removeAll() }
        characterCount += 1
        let id = "char_" + plan.random("character \(characterCount)").hexadecimal(byteCount: 12)
        let character: JSONValue = [
            "id": .string(id),
            "created_at": .integer(now.secondsSinceEpoch),
            "name": .string(name),
        ]
        characters[id] = character
        return character
    }
}
