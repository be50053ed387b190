/// A generator whose numbers follow from what the fuzzer chose (Steele and others, SplitMix64).
struct ChosenNumbers {
    private var state: UInt64

    init(_ bytes: ArraySlice<UInt8>) {
        state = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ value >> 31) % UInt64(max(1, bound)))
    }
}
