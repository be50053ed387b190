internal import Glibc

/// Whether two arrays hold the same bytes: `==` without optimisation takes a second for 20 MB.
package func sameBytes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            guard let left = left.baseAddress, let other = right.baseAddress else {
                return true
            }
            return unsafe memcmp(left, other, right.count) == 0
        }
    }
}
