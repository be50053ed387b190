import ReelCrypto
import ReelRuntime
import TestSupport
import Testing

struct SHA256Tests {
    /// The examples of FIPS 180-4, their texts repeated.
    static let vectors: [(text: String, repeated: Int, digest: String)] = [
        ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]

    @Test(arguments: vectors)
    func `a digest is that of the published vector`(
        _ vector: (text: String, repeated: Int, digest: String)
    ) {
        let message = Array(String(repeating: vector.text, count: vector.repeated).utf8)
        #expect(hexadecimal(SHA256.hash(message)) == vector.digest)
    }

    @Test func `how a message is cut makes no difference`() {
        let random = SeededRandomSource(seed: 2)
        for _ in 0..<100 {
            let message = random.bytes(Int(random.below(1000)))
            var digest = SHA256()
            var rest = message[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int(random.below(70))))
                digest.update(piece.span)
                rest = rest.dropFirst(piece.count)
            }
            let cut = digest.finish()
            #expect(cut == SHA256.hash(message))
        }
    }
}
