/// The part of a file that a `Range` field asks for (RFC 9110, section 14.2).
package struct HTTPByteRange: Sendable, Hashable {
    /// What a server does about a `Range` field.
    package enum Outcome: Sendable, Hashable {
        /// Send everything with 200: there is no field, another unit, a malformed one, or several
        /// ranges, all of which a server may pass over.
        case whole
        /// Send this part with 206.
        case part(HTTPByteRange)
        /// Answer 416 with `Content-Range: bytes */size`.
        case notSatisfiable
    }

    /// Offsets from 0, the upper one not included; never empty.
    package let offsets: Range<Int64>
    /// The size of the whole.
    package let size: Int64

    package var byteCount: Int64 { offsets.upperBound - offsets.lowerBound }

    /// The value of the `Content-Range` field of the 206.
    package var contentRange: String {
        "bytes \(offsets.lowerBound)-\(offsets.upperBound - 1)/\(size)"
    }

    /// The value of the `Content-Range` field of a 416.
    package static func unsatisfiedContentRange(size: Int64) -> String { "bytes */\(size)" }

    /// Reads a `Range` field against the size of what there is.
    package static func parse(_ header: String?, size: Int64) -> Outcome {
        guard let header, size >= 0 else { return .whole }
        let parts = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return .whole }
        let text = parts[1].utf8.drop { isSpace($0) }
        let ends = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .whole }
        let last = Array(ends[1].reversed().drop { isSpace($0) }.reversed())
        if ends[0].isEmpty {
            guard let count = number(last) else { return .whole }
            guard count > 0, size > 0 else { return .notSatisfiable }
            return .part(HTTPByteRange(offsets: max(0, size - count)..<size, size: size))
        }
        guard let start = number(Array(ends[0])) else { return .whole }
        let end = last.isEmpty ? Int64.max : number(last)
        guard let end, end >= start else { return .whole }
        guard start < size else { return .notSatisfiable }
        return .part(HTTPByteRange(offsets: start..<(min(end, size - 1) + 1), size: size))
    }

    /// Digits as a number, held within 64 bits.
    private static func number(_ digits: [UInt8]) -> Int64? {
        guard !digits.isEmpty, digits.allSatisfy(isDigit) else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self)) ?? .max
    }
}
