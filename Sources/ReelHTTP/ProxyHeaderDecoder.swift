/// Decodes the header that a proxy puts before the bytes of a connection; does no I/O.
///
/// It is version 1 or 2 of the PROXY protocol, by HAProxy's `proxy-protocol.txt`. Bytes are given
/// as they come until `outcome` is there; what follows the header is left where it is:
///
///     let taken = decoder.take(received.span)
///     guard let outcome = decoder.outcome else { continue }  // more is needed
///     // received[taken...] is the beginning of TLS or of a request
///
/// The outcome does not depend on how the bytes are cut.
package struct ProxyHeaderDecoder: Sendable {
    /// What a header came to.
    package enum Outcome: Hashable, Sendable {
        /// The client that the proxy speaks for.
        case client(IPAddress, port: UInt16)
        /// The proxy speaks for itself, or for a client that has no IP address.
        case proxyItself
        case refused(ProxyHeaderFault)
    }

    private enum State {
        case signature
        case line
        /// Version 2: the four bytes after the signature.
        case head
        /// Version 2: addresses and what follows them, with the bytes that are left.
        case content(remaining: Int)
    }

    /// A line of version 1 with its end (section 2.1).
    private static let lineByteCountMax = 107
    /// Addresses and extensions of version 2; a certificate that is passed on may be long.
    package static let contentByteCountMax = 4096
    private static let firstSignature = Array("PROXY ".utf8)
    private static let secondSignature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// What it came to, once the last byte of the header is taken or one is wrong.
    package private(set) var outcome: Outcome?
    private var state = State.signature
    /// The header without the extensions, which are passed over.
    private var header: [UInt8] = []

    package init() {}

    /// Takes bytes up to the end of the header.
    ///
    /// - Returns: How many were taken; fewer than were given only when the outcome is there.
    package mutating func take(_ bytes: Span<UInt8>) -> Int {
        var taken = 0
        while taken < bytes.count, outcome == nil {
            do throws(ProxyHeaderFault) {
                outcome = try take(bytes[taken])
            } catch {
                outcome = .refused(error)
            }
            taken += 1
        }
        return taken
    }

    private mutating func take(_ byte: UInt8) throws(ProxyHeaderFault) -> Outcome? {
        switch state {
        case .signature:
            header.append(byte)
            try matchSignature()
            return nil
        case .line:
            header.append(byte)
            guard byte == 0x0A else {
                guard header.count < Self.lineByteCountMax else { throw .lineTooLong }
                return nil
            }
            return try readLine()
        case .head:
            header.append(byte)
            return header.count == 16 ? try readHead() : nil
        case .content(let remaining):
            if header.count < 16 + addressByteCount { header.append(byte) }
            guard remaining > 1 else { return readAddress() }
            state = .content(remaining: remaining - 1)
            return nil
        }
    }

    private mutating func matchSignature() throws(ProxyHeaderFault) {
        if Self.firstSignature.starts(with: header) {
            if header.count == Self.firstSignature.count { state = .line }
        } else if Self.secondSignature.starts(with: header) {
            if header.count == Self.secondSignature.count { state = .head }
        } else {
            throw .noSignature
        }
    }

    // Version 1

    private func readLine() throws(ProxyHeaderFault) -> Outcome {
        guard header.count >= 2, header[header.count - 2] == 0x0D else { throw .malformedLine }
        let line = header[Self.firstSignature.count..<(header.count - 2)]
        let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard let family = words.first else { throw .malformedLine }
        // Whatever follows this word is to be passed over.
        if family.elementsEqual("UNKNOWN".utf8) { return .proxyItself }
        let isV4 = family.elementsEqual("TCP4".utf8)
        guard isV4 || family.elementsEqual("TCP6".utf8), words.count == 5,
            let source = address(words[1], isV4: isV4), address(words[2], isV4: isV4) != nil,
            let port = portNumber(words[3]), portNumber(words[4]) != nil
        else { throw .malformedLine }
        return .client(source, port: port)
    }

    private func address(_ text: ArraySlice<UInt8>, isV4: Bool) -> IPAddress? {
        guard text.contains(0x3A) != isV4 else { return nil }
        return IPAddress(String(decoding: text, as: UTF8.self))
    }

    private func portNumber(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard let first = digits.first, digits.allSatisfy(isDigit),
            first != 0x30 || digits.count == 1
        else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self))
    }

    // Version 2

    private mutating func readHead() throws(ProxyHeaderFault) -> Outcome? {
        guard header[12] >> 4 == 2 else { throw .unknownVersion }
        guard header[12] & 15 <= 1 else { throw .unknownCommand }
        // A proxy that speaks for itself (LOCAL, section 2.2) may say any family.
        let isLocal = header[12] & 15 == 0
        guard isLocal || header[13] >> 4 <= 3 && header[13] & 15 <= 2 else {
            throw .unknownFamily
        }
        let byteCount = Int(header[14]) << 8 | Int(header[15])
        guard byteCount >= addressByteCount else { throw .tooShort }
        guard byteCount <= Self.contentByteCountMax else { throw .tooLong }
        guard byteCount > 0 else { return .proxyItself }
        state = .content(remaining: byteCount)
        return nil
    }

    /// The bytes of the two addresses; 0 for a proxy that speaks for itself (LOCAL), whose
    /// addresses are to be passed over, and for a family that is not told.
    private var addressByteCount: Int {
        guard header[12] & 15 == 1 else { return 0 }
        switch header[13] {
        case 0x11, 0x12: return 12
        case 0x21, 0x22: return 36
        case 0x31, 0x32: return 216
        default: return 0
        }
    }

    /// A datagram or the socket of another machine's file has no address that we could mean.
    private func readAddress() -> Outcome {
        let isV6 = header[13] == 0x21
        guard addressByteCount > 0, isV6 || header[13] == 0x11 else { return .proxyItself }
        let width = isV6 ? 16 : 4
        let port = UInt16(header[16 + 2 * width]) << 8 | UInt16(header[17 + 2 * width])
        guard let address = IPAddress(networkBytes: Array(header[16..<(16 + width)])) else {
            return .proxyItself
        }
        return .client(address, port: port)
    }
}
