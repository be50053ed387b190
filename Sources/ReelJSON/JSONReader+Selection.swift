// Stepping over values: each is checked as `value` checks it, and none is made.
extension JSONReader {
    /// Reads a value and keeps what stands at the paths, which have led here by their first
    /// `level` names; of the paths those whose bits are set.
    mutating func select(
        along paths: [[[UInt8]]],
        _ wanted: UInt64,
        from level: Int,
        depth: Int,
        into found: inout [JSONValue?]
    ) throws(JSONError) {
        guard wanted != 0, current == UInt8(ascii: "{") else { return try skip(depth: depth) }
        try enter(depth: depth + 1)
        guard current != UInt8(ascii: "}") else {
            position += 1
            return
        }
        repeat {
            let member = try memberName(among: paths, wanted, at: level)
            try skipColon()
            guard member != 0 else {
                try skip(depth: depth + 1)
                continue
            }
            // The last member of a name is the one that counts, whatever an earlier one held.
            var ending: Int?
            for index in paths.indices where member & 1 << UInt64(index) != 0 {
                found[index] = nil
                if paths[index].count == level + 1 { ending = index }
            }
            if let ending {
                found[ending] = try value(depth: depth + 1) as JSONValue
            } else {
                try select(along: paths, member, from: level + 1, depth: depth + 1, into: &found)
            }
        } while try goesOn(until: UInt8(ascii: "}"))
    }

    /// Steps over a member's name; the paths that go on by it.
    private mutating func memberName(
        among paths: [[[UInt8]]],
        _ wanted: UInt64,
        at level: Int
    ) throws(JSONError) -> UInt64 {
        guard current == UInt8(ascii: "\"") else { throw unexpected() }
        let start = position + 1
        guard let (range, isASCII) = try plainString() else {
            let name = Array(try escapedString(quote: UInt8(ascii: "\""), from: start).utf8)
            return going(by: name.span, along: paths, wanted, at: level)
        }
        if !isASCII, String(validating: bytes[range], as: UTF8.self) == nil {
            throw error(.invalidUTF8, at: start)
        }
        return going(by: bytes.span.extracting(range), along: paths, wanted, at: level)
    }

    private func going(
        by name: Span<UInt8>,
        along paths: [[[UInt8]]],
        _ wanted: UInt64,
        at level: Int
    ) -> UInt64 {
        var going: UInt64 = 0
        for index in paths.indices where wanted & 1 << UInt64(index) != 0 {
            if isSame(paths[index][level], name) { going |= 1 << UInt64(index) }
        }
        return going
    }

    private func isSame(_ left: [UInt8], _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    /// Steps over a value of strict JSON.
    private mutating func skip(depth: Int) throws(JSONError) {
        switch current {
        case UInt8(ascii: "{"): try skipObject(depth: depth + 1)
        case UInt8(ascii: "["): try skipArray(depth: depth + 1)
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): try skipNumber()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: throw unexpected()
        }
    }

    private mutating func skipArray(depth: Int) throws(JSONError) {
        try enter(depth: depth)
        guard current != UInt8(ascii: "]") else {
            position += 1
            return
        }
        repeat { try skip(depth: depth) } while try goesOn(until: UInt8(ascii: "]"))
    }

    private mutating func skipObject(depth: Int) throws(JSONError) {
        try enter(depth: depth)
        guard current != UInt8(ascii: "}") else {
            position += 1
            return
        }
        repeat {
            guard current == UInt8(ascii: "\"") else { throw unexpected() }
            try skipString()
            try skipColon()
            try skip(depth: depth)
        } while try goesOn(until: UInt8(ascii: "}"))
    }
}
