package import ReelHTTPClient
package import ReelRuntime

/// What a store knows of an object.
package struct S3Object: Sendable, Hashable {
    package let byteCount: Int64
    /// As the store sent it, quotation marks included.
    package let entityTag: String?
    package let modifiedAt: Timestamp?
    /// The SHA-256 that was recorded with the object when it was put, lower-case hexadecimal.
    package let sha256: String?
}

/// What is put, and how it is described.
package struct S3Content: Sendable {
    package let source: any HTTPClientContentSource
    /// Of all bytes of the source, lower-case hexadecimal.
    package let sha256: String
    package let contentType: String

    package init(source: any HTTPClientContentSource, sha256: String, contentType: String) {
        self.source = source
        self.sha256 = sha256
        self.contentType = contentType
    }
}

/// A multipart upload that was begun and is neither completed nor aborted.
package struct S3Upload: Sendable, Hashable {
    package let key: String
    package let id: String
    package let initiatedAt: Timestamp?

    package init(key: String, id: String, initiatedAt: Timestamp? = nil) {
        self.key = key
        self.id = id
        self.initiatedAt = initiatedAt
    }
}

/// A part that a store has taken.
package struct S3Part: Sendable, Hashable {
    /// From 1 to 10,000.
    package let number: Int
    package let entityTag: String
}
