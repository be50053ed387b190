/// Random numbers, handed in so that a test can replay them.
///
/// Jitter, ids and fault plans draw from it. Keys and secrets do not: they come from OpenSSL.
package protocol RandomSource: Sendable {
    /// The next 64 uniformly distributed bits.
    func next() -> UInt64
}

extension RandomSource {
    /// A number from 0 up to, but not including, 1.
    package func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Whether a chance of `probability`, from 0 to 1, came up.
    package func chance(_ probability: Double) -> Bool {
        unit() < probability
    }

    /// A number below `bound`, which is above 0; the bias of at most `bound` in 2^64 is accepted.
    package func below(_ bound: UInt64) -> UInt64 {
        precondition(bound > 0, "a bound is above 0")
        return next().multipliedFullWidth(by: bound).high
    }

    /// An id's random part: `byteCount` bytes as lower-case hexadecimal digits.
    package func hexadecimal(byteCount: Int) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(byteCount * 2)
        var pool: UInt64 = 0
        for index in 0..<byteCount {
            if index % 8 == 0 { pool = next() }
            text.append(digits[Int(pool >> 4 & 15)])
            text.append(digits[Int(pool & 15)])
            pool >>= 8
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The operating system's randomness.
package struct SystemRandomSource: RandomSource {
    package init() {}

    package func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

/// The same numbers for the same seed, on every machine: the SplitMix64 sequence.
package final class SeededRandomSource: RandomSource {
    private let state: Locked<UInt64>

    package init(seed: UInt64) {
        state = Locked(seed)
    }

    package func next() -> UInt64 {
        let mixed = state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            return state
        }
        var bits = mixed
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
