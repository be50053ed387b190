package import ReelCrypto
package import ReelSystem

/// Why a listener's certificate cannot be used, with the file that is at fault.
package enum TLSCredentialsError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(path: String, SystemError)
    case unusable(path: String, TLSError)

    package var description: String {
        switch self {
        case .unreadable(let path, let error): "\(path) cannot be read: \(error.description)"
        case .unusable(let path, let error): "\(path): \(error.description)"
        }
    }
}
