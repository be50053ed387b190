internal import ReelRuntime

/// The numbers of one seed, drawn by one part of the world.
struct Chance {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64) {
        state = seed &* 0xD134_2543_DE82_EF95 ^ stream &* 0x9E37_79B9_7F4A_7C15
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    mutating func below(_ bound: Int) -> Int {
        bound <= 1 ? 0 : Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    mutating func happens(_ probability: Double) -> Bool { unit() < probability }

    /// A span evenly between two, in milliseconds.
    mutating func span(_ range: ClosedRange<Int>) -> Duration { .milliseconds(within(range)) }
}

/// The world's chance as the service is handed it.
final class WorldRandom: RandomSource, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    private var chance: Chance

    init(seed: UInt64) { chance = Chance(seed: seed, stream: 7) }

    func next() -> UInt64 { chance.next() }
}
