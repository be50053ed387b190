internal import ReelHTTP

/// Feeds the decoder of the header that a proxy puts before a connection.
///
/// An input is one byte, from which the cuts follow, and then what the proxy sends. What is
/// checked: outcome and end are those of a reading that shares no code with the decoder, however
/// the bytes are cut; nothing is taken after the end; a client that comes out, written anew in
/// either version, comes out again.
enum ProxyFuzzer {
    static func check(_ input: [UInt8]) -> Int32 {
        guard input.count > 1 else { return -1 }
        let bytes = Array(input[1...])
        let expected = ReferenceProxy.read(bytes)
        var numbers = ChosenNumbers(input[..<1])
        for longest in [bytes.count, 1, 2 + numbers.below(30)] {
            let found = read(bytes, longest: longest, &numbers)
            expect(
                found.outcome == expected.outcome && found.end == expected.end,
                "found: \(found) expected: \(expected), in pieces of up to \(longest)"
            )
        }
        guard case .client(let address, let port) = expected.outcome else { return 0 }
        for header in [line(address, port), binary(address, port)] {
            let again = read(header + bytes, longest: header.count, &numbers)
            expect(
                again.outcome == expected.outcome && again.end == header.count,
                "written anew: \(again) expected: \(expected)"
            )
        }
        return 0
    }

    private static func read(
        _ bytes: [UInt8],
        longest: Int,
        _ numbers: inout ChosenNumbers
    ) -> ReferenceProxy.Reading {
        var decoder = ProxyHeaderDecoder()
        var end = 0
        while end < bytes.count, decoder.outcome == nil {
            let piece = Array(bytes[end...].prefix(1 + numbers.below(longest)))
            let taken = decoder.take(piece.span)
            expect(taken == piece.count || decoder.outcome != nil, "it took \(taken) and no more")
            end += taken
        }
        if decoder.outcome != nil {
            let more = decoder.take(bytes.span)
            expect(more == 0, "it took \(more) bytes after its end")
        }
        return ReferenceProxy.Reading(outcome: decoder.outcome, end: end)
    }

    private static func line(_ address: IPAddress, _ port: UInt16) -> [UInt8] {
        switch address {
        case .v4: Array("PROXY TCP4 \(address) 0.0.0.0 \(port) 0\r\n".utf8)
        case .v6: Array("PROXY TCP6 \(address) :: \(port) 0\r\n".utf8)
        }
    }

    private static func binary(_ address: IPAddress, _ port: UInt16) -> [UInt8] {
        let ports = [UInt8(port >> 8), UInt8(port & 255), 0, 0]
        switch address {
        case .v4(let number):
            let source = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
            let content = source + [0, 0, 0, 0] + ports
            return ReferenceProxy.signature + [0x21, 0x11, 0, 12] + content
        case .v6(let high, let low):
            let source = [high, low].flatMap { half in
                (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
            }
            let content = source + [UInt8](repeating: 0, count: 16) + ports
            return ReferenceProxy.signature + [0x21, 0x21, 0, 36] + content
        }
    }
}
