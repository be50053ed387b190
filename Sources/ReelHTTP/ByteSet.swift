/// A set of ASCII bytes as 128 bits, so that membership is a shift and a test.
struct ByteSet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ members: String) {
        for byte in members.utf8 {
            precondition(byte < 128, "a member is ASCII")
            if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
        }
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let bits = byte < 64 ? low : high
        return bits >> UInt64(byte & 63) & 1 == 1
    }

    private static let alphanumerics =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    /// RFC 9110, section 5.6.2: `tchar`.
    static let token = ByteSet(alphanumerics + "!#$%&'*+-.^_`|~")
    /// RFC 3986, section 3.3: `pchar` without the percent sign, and the slash.
    static let path = ByteSet(alphanumerics + "-._~!$&'()*+,;=:@/")
    /// RFC 2046, section 5.1.1: `bchars`.
    static let boundary = ByteSet(alphanumerics + "'()+_,-./:=? ")
    /// RFC 3986, section 3.2.2: `reg-name` without the percent sign.
    static let registeredName = ByteSet(alphanumerics + "-._~!$&'()*+,;=")
}
