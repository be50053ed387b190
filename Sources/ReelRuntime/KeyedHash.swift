/// A 64-bit hash with a key: SipHash-2-4 (Aumasson and Bernstein, 2012).
///
/// With a key that nobody else knows, whoever chooses ids or addresses cannot choose which of them
/// collide. Whoever looks something up by its hash compares the whole of it after.
package struct KeyedHash: Hashable, Sendable {
    private let first: UInt64
    private let second: UInt64

    /// Takes the two halves of the key, of which the first is the one whose bytes come first.
    package init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The hash of the text's UTF-8.
    package func of(_ text: String) -> UInt64 {
        of(text.utf8.span)
    }

    /// The hash of a number: of its eight bytes, the lowest first.
    package func of(_ word: UInt64) -> UInt64 {
        var state = State(first, second)
        state.take(word)
        state.take(8 << 56)
        return state.finish()
    }

    /// The hash of bytes.
    package func of(_ bytes: Span<UInt8>) -> UInt64 {
        var state = State(first, second)
        let wholeCount = bytes.count & ~7
        var place = 0
        while place < wholeCount {
            var word: UInt64 = 0
            for index in 0..<8 { word |= UInt64(bytes[place + index]) << (UInt64(index) * 8) }
            state.take(word)
            place += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        for index in 0..<(bytes.count - wholeCount) {
            last |= UInt64(bytes[wholeCount + index]) << (UInt64(index) * 8)
        }
        state.take(last)
        return state.finish()
    }

    private struct State {
        private var a: UInt64
        private var b: UInt64
        private var c: UInt64
        private var d: UInt64

        init(_ first: UInt64, _ second: UInt64) {
            a = first ^ 0x736f_6d65_7073_6575
            b = second ^ 0x646f_7261_6e64_6f6d
            c = first ^ 0x6c79_6765_6e65_7261
            d = second ^ 0x7465_6462_7974_6573
        }

        mutating func take(_ word: UInt64) {
            d ^= word
            mix()
            mix()
            a ^= word
        }

        mutating func finish() -> UInt64 {
            c ^= 0xFF
            for _ in 0..<4 { mix() }
            return a ^ b ^ c ^ d
        }

        private mutating func mix() {
            a &+= b
            b = rotated(b, 13) ^ a
            a = rotated(a, 32)
            c &+= d
            d = rotated(d, 16) ^ c
            a &+= d
            d = rotated(d, 21) ^ a
            c &+= b
            b = rotated(b, 17) ^ c
            c = rotated(c, 32)
        }

        private func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
            word << count | word >> (64 - count)
        }
    }
}
