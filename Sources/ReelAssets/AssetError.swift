package import ReelS3

/// Why a file could not be kept, or is not what it claims to be.
package enum AssetError: Error, Hashable, Sendable, CustomStringConvertible {
    case diskFull
    case disk(code: Int32)
    case missing
    /// A different file stands under the final name.
    case occupied
    /// The file's bytes are not those that were hashed.
    case changed
    /// Not the medium that it claims to be; the rule that it breaks.
    case notTheMedium(rule: String)
    case lengthMismatch(expected: Int64, found: Int64)
    case tooLarge
    case invalidName
    /// A store that is no disk did not do its part.
    case store(S3Error)

    /// A sentence that is safe to log.
    package var description: String {
        switch self {
        case .diskFull: "the disk is full"
        case .disk(let code): "the disk reported error \(code)"
        case .missing: "the file is not there"
        case .occupied: "another file stands under that name"
        case .changed: "the file's bytes are not those that were fetched"
        case .notTheMedium(let rule): "the content is not the medium it claims to be: \(rule)"
        case .lengthMismatch(let expected, let found):
            "the content has \(found) bytes where \(expected) were announced"
        case .tooLarge: "the content is larger than allowed"
        case .invalidName: "the name cannot be a file's"
        case .store(let error): error.description
        }
    }

    /// A fixed word for the journal's reasons and for metrics.
    package var code: String {
        switch self {
        case .diskFull: "disk_full"
        case .disk: "disk_failed"
        case .missing: "file_missing"
        case .occupied: "file_occupied"
        case .changed: "file_changed"
        case .notTheMedium: "not_the_medium"
        case .lengthMismatch: "length_mismatch"
        case .tooLarge: "too_large"
        case .invalidName: "invalid_name"
        case .store(let error): error.code
        }
    }
}
