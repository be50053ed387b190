/// By what a body is known to be as it was appended: 64 bits over it and its entry's sequence.
///
/// It finds what a disk did to a body, or a hand, and proves nothing against somebody who wants to
/// deceive. It is part of the schema, so it never changes. Each word of eight bytes is multiplied
/// in and both halves of the product are folded together, in two lanes that do not wait for each
/// other.
enum BodyDigest {
    static func of(_ body: [UInt8], of sequence: Int64) -> Int64 {
        let bytes = body.span
        var left = folded(UInt64(bitPattern: sequence) ^ seed, prime)
        var right = folded(UInt64(bytes.count) ^ prime, seed)
        var place = 0
        while place + 16 <= bytes.count {
            left = folded(left ^ word(bytes, at: place), prime) &+ seed
            right = folded(right ^ word(bytes, at: place + 8), seed) &+ prime
            place += 16
        }
        if place + 8 <= bytes.count {
            left = folded(left ^ word(bytes, at: place), prime) &+ seed
            place += 8
        }
        var last: UInt64 = 0
        while place < bytes.count {
            last = last << 8 | UInt64(bytes[place])
            place += 1
        }
        right = folded(right ^ last, seed) &+ prime
        return Int64(bitPattern: folded(left, prime) ^ folded(right, seed))
    }

    private static func word(_ bytes: Span<UInt8>, at place: Int) -> UInt64 {
        // SAFETY: the eight bytes lie within the span, and a number has no invalid bits.
        let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
        return UInt64(littleEndian: word)
    }

    // The first digits of pi and of e in hexadecimal, made odd.
    private static let seed: UInt64 = 0x243F_6A88_85A3_08D3
    private static let prime: UInt64 = 0xB7E1_5162_8AED_2A6B

    private static func folded(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
