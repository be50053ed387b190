extension JSONReader {
    /// Steps over white space, and in the loose dialect over comments.
    mutating func skipSpace() throws(JSONError) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: guard isLoose, try skipLooseSpace() else { return }
            }
        }
    }

    /// Steps over a comment or a rarer kind of white space; whether there was one.
    private mutating func skipLooseSpace() throws(JSONError) -> Bool {
        let next = position + 1 < bytes.count ? bytes[position + 1] : 0
        switch (bytes[position], next) {
        case (0x0B, _), (0x0C, _): position += 1
        case (0xC2, 0xA0): position += 2  // no-break space, which some keyboards make
        case (UInt8(ascii: "/"), UInt8(ascii: "/")):
            let start = position
            while position < bytes.count, current != 0x0A, current != 0x0D { position += 1 }
            try checkComment(from: start)
        case (UInt8(ascii: "/"), UInt8(ascii: "*")):
            let start = position
            position += 2
            while !(current == UInt8(ascii: "*") && follows(UInt8(ascii: "/"))) {
                guard position < bytes.count else { throw error(.unterminatedComment, at: start) }
                position += 1
            }
            position += 2
            try checkComment(from: start)
        default: return false
        }
        return true
    }

    private func follows(_ byte: UInt8) -> Bool {
        position + 1 < bytes.count && bytes[position + 1] == byte
    }

    private func checkComment(from start: Int) throws(JSONError) {
        guard String(validating: bytes[start..<position], as: UTF8.self) != nil else {
            throw error(.invalidUTF8, at: start)
        }
    }
}
