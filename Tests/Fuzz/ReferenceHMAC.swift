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
        for block in stride(from: 0, to: bytes.count, by: 64) {
            var schedule = (0..<16).map { word in
                bytes[(block + 4 * word)..<(block + 4 * word + 4)].reduce(UInt32(0)) {
                    $0 << 8 | UInt32($1)
                }
            }
            for word in 16..<64 {
                let (late, early) = (schedule[word - 2], schedule[word - 15])
                let sigma1 = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10
                let sigma0 = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3
                schedule.append(sigma1 &+ schedule[word - 7] &+ sigma0 &+ schedule[word - 16])
            }
            mix(schedule, into: &state)
        }
        return state.flatMap { word in (0..<4).map { UInt8(word >> (24 - 8 * $0) & 255) } }
    }

    private static func mix(_ schedule: [UInt32], into state: inout [UInt32]) {
        var v = state
        for round in 0..<64 {
            let sum1 = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)
            let choice = v[4] & v[5] ^ ~v[4] & v[6]
            let first = v[7] &+ sum1 &+ choice &+ constants[round] &+ schedule[round]
            let sum0 = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)
            let majority = v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2]
            v = [first &+ sum0 &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
        }
        for word in 0..<8 { state[word] &+= v[word] }
    }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word >> count | word << (32 - count)
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
