import ReelRuntime
import Testing

struct KeyedHashTests {
    /// The first, second, eighth, ninth and sixteenth vector of the reference implementation: the
    /// bytes 0, 1, 2 … hashed with the key 0, 1 … 15.
    @Test(
        arguments: [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
        ] as [(Int, UInt64)]
    )
    func `the hash is the one of the paper`(_ byteCount: Int, _ expected: UInt64) {
        let hash = KeyedHash(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        let bytes = (0..<byteCount).map { UInt8($0) }
        let found = hash.of(bytes.span)
        #expect(found == expected)
    }

    @Test func `a text has the hash of its UTF-8, and another key another hash`() {
        let hash = KeyedHash(1, 2)
        let bytes = Array("wh_éa".utf8)
        let found = hash.of(bytes.span)
        #expect(hash.of("wh_éa") == found)
        #expect(KeyedHash(1, 3).of("wh_éa") != found)
    }

    @Test func `a number has the hash of its bytes, the lowest first`() {
        let hash = KeyedHash(1, 2)
        let bytes: [UInt8] = [8, 7, 6, 5, 4, 3, 2, 1]
        let found = hash.of(bytes.span)
        #expect(hash.of(0x0102_0304_0506_0708 as UInt64) == found)
    }
}
