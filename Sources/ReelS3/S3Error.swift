internal import ReelHTTP
package import ReelHTTPClient

/// Why a store did not do what was asked; decided by its code and status, never by its text.
package struct S3Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// The closed list of reasons.
    package enum Kind: Hashable, Sendable {
        /// The keys are known and may not do this.
        case accessDenied
        /// The store does not know the access key.
        case unknownKey
        /// The secret is wrong, or something between changed the request.
        case signatureMismatch
        /// Temporary credentials are over, or their token is not good.
        case expiredCredentials
        /// Our clock and the store's are too far apart.
        case clockSkewed
        case noSuchBucket
        /// The bucket is in another region than the configuration says.
        case wrongRegion
        case noSuchKey
        /// A multipart upload that was aborted, or is finished.
        case noSuchUpload
        /// Something stands under the key already.
        case occupied
        /// Another writer was at the same key at the same time.
        case conflict
        /// The bytes that arrived are not those that were hashed.
        case damagedOnTheWay
        case tooLarge
        case quotaExceeded
        case throttled
        /// The store has a fault of its own.
        case unavailable
        /// A refusal that none of the others names.
        case refused
        /// The answer is not one of S3.
        case unexpectedAnswer
        case transport(HTTPClientError)
    }

    package let kind: Kind
    /// The HTTP status, when there was an answer.
    package let status: Int?
    /// How long the store wants not to be asked.
    package let retryAfter: Duration?

    package init(_ kind: Kind, status: Int? = nil, retryAfter: Duration? = nil) {
        self.kind = kind
        self.status = status
        self.retryAfter = retryAfter
    }

    /// Whether the same request may do in a moment.
    package var isTransient: Bool {
        switch kind {
        case .conflict, .damagedOnTheWay, .throttled, .unavailable, .unexpectedAnswer: true
        case .transport(let error):
            switch error {
            case .nameNotResolved, .connectionFailed, .timedOut, .interrupted, .overloaded,
                .malformedResponse, .transport:
                true
            case .invalidURL, .destinationRefused, .tlsFailed, .contentUnreadable, .tooLarge,
                .cancelled:
                false
            }
        case .accessDenied, .unknownKey, .signatureMismatch, .expiredCredentials, .clockSkewed,
            .noSuchBucket, .wrongRegion, .noSuchKey, .noSuchUpload, .occupied, .tooLarge,
            .quotaExceeded, .refused:
            false
        }
    }

    /// A fixed word for the journal's reasons and for metrics.
    package var code: String {
        switch kind {
        case .accessDenied: "store_access_denied"
        case .unknownKey: "store_unknown_key"
        case .signatureMismatch: "store_signature_mismatch"
        case .expiredCredentials: "store_credentials_expired"
        case .clockSkewed: "store_clock_skewed"
        case .noSuchBucket: "store_no_bucket"
        case .wrongRegion: "store_wrong_region"
        case .noSuchKey: "store_no_key"
        case .noSuchUpload: "store_no_upload"
        case .occupied: "store_occupied"
        case .conflict: "store_conflict"
        case .damagedOnTheWay: "store_damaged"
        case .tooLarge: "store_too_large"
        case .quotaExceeded: "store_quota_exceeded"
        case .throttled: "store_throttled"
        case .unavailable: "store_unavailable"
        case .refused: "store_refused"
        case .unexpectedAnswer: "store_unexpected_answer"
        case .transport(let error): "store_" + error.code
        }
    }

    /// A sentence that is safe to log.
    package var description: String {
        let text =
            switch kind {
            case .accessDenied: "the store denies access with these keys"
            case .unknownKey: "the store does not know the access key"
            case .signatureMismatch: "the store refuses the signature: is the secret key right?"
            case .expiredCredentials: "the temporary credentials of the store have expired"
            case .clockSkewed: "this machine's clock and the store's are too far apart"
            case .noSuchBucket: "the store has no such bucket"
            case .wrongRegion: "the bucket is in another region"
            case .noSuchKey: "the store has no such object"
            case .noSuchUpload: "the store no longer knows the upload"
            case .occupied: "another object stands under that key"
            case .conflict: "another writer is at the same key"
            case .damagedOnTheWay: "the bytes were changed on the way to the store"
            case .tooLarge: "the object is larger than the store takes"
            case .quotaExceeded: "the store has no room for it"
            case .throttled: "the store wants fewer requests"
            case .unavailable: "the store has a fault of its own"
            case .refused: "the store refused the request"
            case .unexpectedAnswer: "the answer is not that of an S3 store"
            case .transport(let error): "the store was not reached: " + error.description
            }
        return status.map { text + " (status \($0))" } ?? text
    }
}

extension S3Error {
    /// What an answer that is no success means.
    init(_ response: HTTPClientResponse) {
        let status = Int(response.status.code)
        let code = XMLElement(response.body).flatMap { $0.name == "Error" ? $0["Code"]?.text : nil }
        self.init(
            Self.kind(code: code ?? "", status: status),
            status: status,
            retryAfter: response.fields["Retry-After"].flatMap { Int64($0) }
                .flatMap { (1...86_400).contains($0) ? .seconds($0) : nil }
        )
    }

    private static func kind(code: String, status: Int) -> Kind {
        switch code {
        case "AccessDenied", "AccountProblem", "AllAccessDisabled": .accessDenied
        case "InvalidAccessKeyId", "Unauthorized", "NotSignedUp": .unknownKey
        case "SignatureDoesNotMatch", "InvalidSignature": .signatureMismatch
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired": .expiredCredentials
        case "RequestTimeTooSkewed": .clockSkewed
        case "NoSuchBucket": .noSuchBucket
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
            "IllegalLocationConstraintException":
            .wrongRegion
        case "NoSuchKey": .noSuchKey
        case "NoSuchUpload": .noSuchUpload
        case "PreconditionFailed": .occupied
        case "ConditionalRequestConflict", "OperationAborted": .conflict
        case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody",
            "XAmzContentChecksumMismatch", "InvalidPart":
            .damagedOnTheWay
        case "EntityTooLarge": .tooLarge
        // What one store offers another may not.
        case "NotImplemented": .refused
        case "QuotaExceeded", "InsufficientStorage", "StorageLimitExceeded": .quotaExceeded
        case "SlowDown", "TooManyRequests", "RequestLimitExceeded", "ThrottlingException":
            .throttled
        case "RequestTimeout", "InternalError", "ServiceUnavailable", "BusyDevice": .unavailable
        default: kind(status: status)
        }
    }

    private static func kind(status: Int) -> Kind {
        switch status {
        case 301, 302, 307, 308: .wrongRegion
        case 401: .unknownKey
        case 403: .accessDenied
        case 404: .noSuchKey
        case 409: .conflict
        case 412: .occupied
        case 413: .tooLarge
        case 429: .throttled
        case 507: .quotaExceeded
        case 501: .refused
        case 408, 500...599: .unavailable
        case 400..<500: .refused
        default: .unexpectedAnswer
        }
    }
}
