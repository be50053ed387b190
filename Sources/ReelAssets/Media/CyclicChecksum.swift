/// The CRC-32 of PNG (RFC 2083, section 3.4 and its appendix).
struct CyclicChecksum {
    private var register: UInt32 = .max

    var value: UInt64 { UInt64(~register) }

    mutating func update(_ byte: UInt8) {
        register = Self.table[Int((register ^ UInt32(byte)) & 0xFF)] ^ (register >> 8)
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
        }
    }
}
