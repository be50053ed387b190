internal import CReelOpenSSL

/// Whether two byte strings are equal, in a time that depends on their length alone.
package func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    guard !left.isEmpty else { return true }
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}

/// Unpredictable bytes for keys, secrets and tokens.
///
/// Traps when the generator cannot be seeded: going on without randomness would be worse.
package func secureRandomBytes(_ count: Int) -> [UInt8] {
    precondition((0...Int(Int32.max)).contains(count), "a count of random bytes is in range")
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    let status = unsafe bytes.withUnsafeMutableBufferPointer {
        unsafe RAND_bytes($0.baseAddress, Int32($0.count))
    }
    precondition(status == 1, "OpenSSL has no randomness")
    return bytes
}

/// Overwrites bytes that are secret, in a way that no optimiser takes out, and empties the array.
///
/// The array must be the only one with those bytes: a copy that shares them keeps them.
package func wipe(_ bytes: inout [UInt8]) {
    unsafe bytes.withUnsafeMutableBufferPointer {
        unsafe OPENSSL_cleanse($0.baseAddress, $0.count)
    }
    bytes = []
}
