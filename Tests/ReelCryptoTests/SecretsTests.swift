import ReelCrypto
import Testing

struct SecretsTests {
    static let pairs: [([UInt8], [UInt8], Bool)] = [
        ([], [], true), ([0], [], false), ([], [0], false), ([1, 2, 3], [1, 2, 3], true),
        ([1, 2, 3], [1, 2, 4], false), ([0, 2, 3], [1, 2, 3], false), ([1, 2], [1, 2, 3], false),
        ([1, 2, 3], [1, 2], false), ([0, 0], [0], false),
    ]

    @Test(arguments: pairs)
    func `two byte strings compare by length and content`(
        _ pair: ([UInt8], [UInt8], Bool)
    ) {
        let equal = constantTimeEqual(pair.0.span, pair.1.span)
        #expect(equal == pair.2)
    }

    @Test func `random bytes come in the count asked for and differ`() {
        #expect(secureRandomBytes(0).isEmpty)
        #expect(secureRandomBytes(1).count == 1)
        let first = secureRandomBytes(32)
        #expect(first.count == 32)
        #expect(first != secureRandomBytes(32))
    }

    @Test func `wiped bytes are gone`() {
        var bytes: [UInt8] = Array("secret".utf8)
        wipe(&bytes)
        #expect(bytes.isEmpty)
    }

    @Test func `hexadecimal digits are lower-case, two for each byte`() {
        #expect(hexadecimal([]) == "")
        #expect(hexadecimal([0x00, 0x09, 0x0A, 0x10, 0x7F, 0xFF]) == "00090a107fff")
    }
}
