/// Who signs requests to a store: a key pair, and a token where it is temporary.
package struct S3Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Public: it stands in every signed request and in every link.
    let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?

    /// Takes visible ASCII of at most 4096 bytes for each part; nil for anything else.
    package init?(accessKeyID: String, secretAccessKey: String, sessionToken: String?) {
        let parts = [accessKeyID, secretAccessKey] + (sessionToken.map { [$0] } ?? [])
        guard parts.allSatisfy(Self.isVisible) else { return nil }
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    private static func isVisible(_ text: String) -> Bool {
        (1...4096).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
