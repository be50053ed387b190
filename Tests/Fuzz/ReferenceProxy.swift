internal import ReelHTTP

/// The PROXY protocol read from whole bytes, to check the decoder with something that shares no
/// code with it, the text of addresses included.
enum ReferenceProxy {
    struct Reading {
        var outcome: ProxyHeaderDecoder.Outcome?
        /// How many bytes are the header's, up to the one that is wrong.
        var end: Int
    }

    static let signature = Array("\r\n\r\n\0\r\nQUIT\n".utf8)

    static func read(_ bytes: [UInt8]) -> Reading {
        let first = Array("PROXY ".utf8)
        let common = [first, signature].map { zip($0, bytes).prefix { $0 == $1 }.count }
        if common[0] == first.count { return readLine(bytes) }
        if common[1] == signature.count { return readBinary(bytes) }
        let most = max(common[0], common[1])
        if most == bytes.count { return Reading(outcome: nil, end: most) }
        return Reading(outcome: .refused(.noSignature), end: most + 1)
    }

    private static func readLine(_ bytes: [UInt8]) -> Reading {
        guard let end = bytes.prefix(107).firstIndex(of: 0x0A) else {
            return bytes.count < 107
                ? Reading(outcome: nil, end: bytes.count)
                : Reading(outcome: .refused(.lineTooLong), end: 107)
        }
        let content = bytes[6..<end]
        let client = content.last == 0x0D ? client(content.dropLast()) : nil
        return Reading(outcome: client ?? .refused(.malformedLine), end: end + 1)
    }

    private static func client(_ line: ArraySlice<UInt8>) -> ProxyHeaderDecoder.Outcome? {
        // Latin-1, so that each byte is a character of its own.
        let text = String(String.UnicodeScalarView(line.map { Unicode.Scalar($0) }))
        var words: [String] = [""]
        for scalar in text.unicodeScalars {
            if scalar == " " {
                words.append("")
            } else {
                words[words.count - 1].unicodeScalars.append(scalar)
            }
        }
        if words[0] == "UNKNOWN" { return .proxyItself }
        guard words.count == 5, words[0] == "TCP4" || words[0] == "TCP6" else { return nil }
        let read = words[0] == "TCP4" ? { four($0).map { IPAddress.v4($0) } } : six
        guard let source = read(words[1]), read(words[2]) != nil,
            let ports = Optional(words[3...].compactMap { number($0, max: 65_535) }),
            ports.count == 2
        else { return nil }
        return .client(source, port: UInt16(ports[0]))
    }

    /// A decimal number as it is written by whoever writes it shortest.
    private static func number(_ text: String, max: Int) -> Int? {
        guard text.utf8.count <= 5, let number = Int(text), (0...max).contains(number),
            String(number) == text
        else { return nil }
        return number
    }

    private static func four(_ text: String) -> UInt32? {
        let parts = parts(of: text, ".").map { number($0, max: 255) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(0) { sum, part in
            sum.flatMap { sum in part.map { sum << 8 | UInt32($0) } }
        }
    }

    private static func six(_ text: String) -> IPAddress? {
        guard text.utf8.contains(0x3A) else { return nil }
        var groups: [UInt16] = []
        var gap: Int?
        var parts = parts(of: text, ":")
        // A text that begins or ends with "::" has an empty part too many.
        if text.hasPrefix("::") { parts.removeFirst() } else if parts[0].isEmpty { return nil }
        if text.hasSuffix("::") { parts.removeLast() } else if parts.last == "" { return nil }
        for (place, part) in parts.enumerated() {
            if part.isEmpty {
                guard gap == nil else { return nil }
                gap = groups.count
            } else if place == parts.count - 1, let tail = four(part) {
                groups += [UInt16(tail >> 16), UInt16(tail & 0xFFFF)]
            } else {
                guard part.utf8.count <= 4, part.utf8.allSatisfy(isHexadecimal),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        if let gap {
            guard groups.count < 8 else { return nil }
            let zeros = [UInt16](repeating: 0, count: 8 - groups.count)
            groups.insert(contentsOf: zeros, at: gap)
        }
        guard groups.count == 8 else { return nil }
        return address(groups)
    }

    /// The address of eight groups; the ones that stand for IPv4 are IPv4.
    private static func address(_ groups: [UInt16]) -> IPAddress {
        if groups[..<6] == [0, 0, 0, 0, 0, 0xFFFF] {
            return .v4(UInt32(groups[6]) << 16 | UInt32(groups[7]))
        }
        let halves = [groups[..<4], groups[4...]].map { $0.reduce(0) { $0 << 16 | UInt64($1) } }
        return .v6(high: halves[0], low: halves[1])
    }

    private static func parts(of text: String, _ separator: Character) -> [String] {
        text.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func readBinary(_ bytes: [UInt8]) -> Reading {
        guard bytes.count >= 16 else { return Reading(outcome: nil, end: bytes.count) }
        let length = Int(bytes[14]) * 256 + Int(bytes[15])
        let isProxied = bytes[12] == 0x21
        let least =
            isProxied ? [0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216] : [:]
        let fault: ProxyHeaderFault? =
            switch (bytes[12], bytes[13]) {
            case (0x00...0x1F, _), (0x30...0xFF, _): .unknownVersion
            case (0x22...0x2F, _): .unknownCommand
            case (0x21, let family) where family / 16 > 3 || family % 16 > 2: .unknownFamily
            case (_, let family) where length < least[Int(family), default: 0]: .tooShort
            case _ where length > 4096: .tooLong
            case _: nil
            }
        if let fault { return Reading(outcome: .refused(fault), end: 16) }
        let end = 16 + length
        guard bytes.count >= end else { return Reading(outcome: nil, end: bytes.count) }
        func groups(_ count: Int) -> [UInt16] {
            (0..<count).map { UInt16(bytes[16 + 2 * $0]) * 256 + UInt16(bytes[17 + 2 * $0]) }
        }
        switch (isProxied, bytes[13]) {
        case (true, 0x11):
            let pair = groups(6)
            let address = IPAddress.v4(UInt32(pair[0]) << 16 | UInt32(pair[1]))
            return Reading(outcome: .client(address, port: pair[4]), end: end)
        case (true, 0x21):
            let all = groups(18)
            let address = address(Array(all[..<8]))
            return Reading(outcome: .client(address, port: all[16]), end: end)
        case _:
            return Reading(outcome: .proxyItself, end: end)
        }
    }
}
