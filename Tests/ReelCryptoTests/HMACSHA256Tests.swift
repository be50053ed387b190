import ReelCrypto
import ReelRuntime
import TestSupport
import Testing

struct HMACVector: Sendable, CustomTestStringConvertible {
    let name: String
    let key: [UInt8]
    let message: [UInt8]
    let code: String

    var testDescription: String { name }

    static let all = [
        HMACVector(
            name: "RFC 4231, case 1",
            key: Array(repeating: 0x0B, count: 20),
            message: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        HMACVector(
            name: "RFC 4231, case 2",
            key: Array("Jefe".utf8),
            message: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        HMACVector(
            name: "RFC 4231, case 3",
            key: Array(repeating: 0xAA, count: 20),
            message: Array(repeating: 0xDD, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        HMACVector(
            name: "RFC 4231, case 4",
            key: Array(1...25),
            message: Array(repeating: 0xCD, count: 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        HMACVector(
            name: "RFC 4231, case 6",
            key: Array(repeating: 0xAA, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        HMACVector(
            name: "RFC 4231, case 7",
            key: Array(repeating: 0xAA, count: 131),
            message: Array(
                ("This is a test using a larger than block-size key and a larger than "
                    + "block-size data. The key needs to be hashed before being used by the "
                    + "HMAC algorithm.").utf8
            ),
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
        HMACVector(
            name: "no key and no message",
            key: [],
            message: [],
            code: "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
        ),
        HMACVector(
            name: "a key of one block",
            key: Array(repeating: 0x61, count: 64),
            message: Array(repeating: 0x62, count: 64),
            code: "f6cbb37b326d36f2f27d294ac3bb46a6aac29c1c9936b985576041bfb338ae70"
        ),
        HMACVector(
            name: "a key one byte over a block, no message",
            key: Array(repeating: 0x61, count: 65),
            message: [],
            code: "e400297d15af5719b8ef44afd790a1d705a4a36e4f49b69b4015c0ed86bf607f"
        ),
    ]
}

struct HMACSHA256Tests {
    @Test(arguments: HMACVector.all)
    func `a code is that of the published vector`(_ vector: HMACVector) {
        var code = HMACSHA256(HMACKey(vector.key))
        code.update(vector.message.span)
        let text = hexadecimal(code.finish())
        #expect(text == vector.code)
    }

    @Test func `how a message is cut makes no difference`() {
        let random = SeededRandomSource(seed: 1)
        for _ in 0..<100 {
            let key = HMACKey(random.bytes(Int(random.below(200))))
            let message = random.bytes(Int(random.below(1000)))
            var whole = HMACSHA256(key)
            whole.update(message.span)
            var cut = HMACSHA256(key)
            var rest = message[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int(random.below(70))))
                cut.update(piece.span)
                rest = rest.dropFirst(piece.count)
            }
            let codes = (whole.finish(), cut.finish())
            #expect(codes.0 == codes.1)
        }
    }

    @Test func `a key serves many messages at once`() async {
        let key = HMACKey(Array("Jefe".utf8))
        let message = Array("what do ya want for nothing?".utf8)
        let codes = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<200).map { _ in
                        var code = HMACSHA256(key)
                        code.update(message.span)
                        return hexadecimal(code.finish())
                    }
                }
            }
            return await group.reduce(into: Set<String>()) { $0.formUnion($1) }
        }
        #expect(codes == ["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"])
    }

    @Test func `a dump of a key shows none of it`() {
        var text = ""
        dump(HMACKey(Array("Jefe".utf8)), to: &text)
        #expect(!text.contains("Jefe"))
        #expect(!text.contains("0x"))
        #expect(Mirror(reflecting: HMACKey([1])).children.isEmpty)
    }
}
