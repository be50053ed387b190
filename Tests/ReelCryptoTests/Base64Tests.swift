import ReelCrypto
import ReelRuntime
import TestSupport
import Testing

struct Base64Tests {
    /// The vectors of RFC 4648, section 10, and the two last letters of the alphabet.
    static let vectors = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"), ("\u{FB}\u{FF}>?", "w7vDvz4/"),
    ]

    @Test(arguments: vectors)
    func `a text and its bytes turn into each other`(_ bytes: String, _ text: String) {
        #expect(Base64.encode(Array(bytes.utf8)) == text)
        #expect(Base64.decode(text) == Array(bytes.utf8))
    }

    static let refused = [
        "Z", "Zg", "Zg=", "Zm8", "Zm9vY", "Zg===", "Zm9v=", "Zm9v====", "=", "==", "===", "====",
        "Zg==Zg==", "Zm=v", "Z===", "Z=g=", "Zm8=Zm9v", "=Zm9", "Zg=a",
        // Trailing bits that are not zero: other spellings of "f" and "fo".
        "Zh==", "Zv==", "Z/==", "Zm9=", "Zm+=", "Zm//Zm9=",
        // Not in the alphabet.
        "Zm9-", "Zm9_", "Zm9 ", " Zm9", "Zm9\n", "Zm9v\n", "Zm9v\r\n", "Zm\t9", "Zm9\0", "Zm9.",
        "Zm9\u{E9}", "Zmé=", "Ｚm9v", "\"Zm9", "Zm9,",
    ]

    @Test(arguments: refused)
    func `a text that is not canonical is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `what is encoded decodes to the same bytes`() {
        let random = SeededRandomSource(seed: 3)
        for count in 0..<200 {
            let bytes = random.bytes(count)
            let text = Base64.encode(bytes)
            #expect(text.utf8.count == (count + 2) / 3 * 4)
            #expect(Base64.decode(text) == bytes)
        }
    }

    @Test func `of all texts of four letters only one spells each byte string`() {
        let random = SeededRandomSource(seed: 4)
        let letters = Array("ABQZafgwz09+/=".utf8)
        for _ in 0..<20_000 {
            let text = (0..<4).map { _ in letters[Int(random.below(UInt64(letters.count)))] }
            guard let bytes = Base64.decode(text.span) else { continue }
            #expect(Base64.encode(bytes) == String(decoding: text, as: UTF8.self))
        }
    }

    @Test func `a digest is 32 bytes and nothing else`() {
        let random = SeededRandomSource(seed: 5)
        for count in 0..<70 {
            let bytes = random.bytes(count)
            let text = Array(Base64.encode(bytes).utf8)
            let digest = Base64.decodeDigest(text.span)
            let equal = digest.map { digest in digest.indices.allSatisfy { digest[$0] == bytes[$0] }
            }
            #expect(equal == (count == 32 ? true : nil))
        }
        let loose = Array("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=".utf8)
        let refused = Base64.decodeDigest(loose.span) == nil
        #expect(refused)
    }
}
