/// HMAC-SHA-256 written out from FIPS 180-4 and RFC 2104, to check what the product says with
/// something that shares no code with it.
enum ReferenceHMAC {
    private static let constants: [UInt32] = primes(64).map { fraction(of: $0, root: 3) }
    private static let start: [UInt32] = primes(8).map { fraction(of: $0, root: 2) }

    static func code(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var block = key.count > 64 ? digest(key) : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        let inner = digest(block.map { $0 ^ 0x36 } + message)
        return digest(block.map { $0 ^ 0x5C } + inner)
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for first in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[first..<min(first + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(
                    place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : "="
                )
            }
        }
        return text
    }

    private static func digest(_ message: [UInt8]) -> [UInt8] {
        var bytes = message + [0x80]
        bytes += [UInt8](repeating: 0, count: (120 - bytes.count % 64) % 64)
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: (message.count * 8) >> (56 - 8 * $0)) }
        var state = start
        let constants = constants
        var schedule = [UInt32](repeating: 0, count: 64)
        for block in stride(from: 0, to: bytes.count, by: 64) {
            for word in 0..<16 {
                let place = block + 4 * word
                let high = UInt32(bytes[place]) << 24 | UInt32(bytes[place + 1]) << 16
                schedule[word] = high | UInt32(bytes[place + 2]) << 8 | UInt32(bytes[place + 3])
            }
            for word in 16..<64 {
                let (late, early) = (schedule[word - 2], schedule[word - 15])
                let sigma1 = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10
                let sigma0 = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3
                schedule[word] = sigma1 &+ schedule[word - 7] &+ sigma0 &+ schedule[word - 16]
            }
            mix(schedule, constants, into: &state)
        }
        return state.flatMap { word in (0..<4).map { UInt8(word >> (24 - 8 * $0) & 255) } }
    }

    private static func mix(
        _ schedule: [UInt32],
        _ constants: [UInt32],
        into state: inout [UInt32]
    ) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for round in 0..<64 {
            let sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let choice = e & f ^ ~e & g
            let first = h &+ sum1 &+ choice &+ constants[round] &+ schedule[round]
            let sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
            let majority = a & b ^ a & c ^ b & c
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ sum0 &+ majority)
        }
        for (word, mixed) in [a, b, c, d, e, f, g, h].enumerated() { state[word] &+= mixed }
    }

    @inline(__always)
    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &>> count | word &<< (32 &- count)
    }

    private static func primes(_ count: Int) -> [UInt64] {
        var found: [UInt64] = []
        var number: UInt64 = 2
        while found.count < count {
            if found.allSatisfy({ number % $0 != 0 }) { found.append(number) }
            number += 1
        }
        return found
    }

    /// The first 32 bits of the fraction of a root: by bisection, in whole numbers.
    private static func fraction(of prime: UInt64, root: Int) -> UInt32 {
        var (low, high): (UInt64, UInt64) = (0, 32 << 32)
        while high - low > 1 {
            let middle = (low + high) / 2
            // middle^root <= prime * 2^(32 * root), in 128 bits.
            let power = (0..<root).reduce(UInt128(1)) { product, _ in product * UInt128(middle) }
            if power <= UInt128(prime) << UInt128(32 * root) { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }
}
