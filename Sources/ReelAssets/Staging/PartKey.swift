internal import ReelCrypto

/// Whose file a part is, as one checked file name.
package struct PartKey: Sendable, Hashable {
    /// `<video id>.<variant>.<8 digits that tell providers apart>.part`.
    package let fileName: String

    /// Takes a video id by the rule of folder names and a variant of 1 to 20 lower-case letters;
    /// nil for anything else.
    package init?(provider: String, videoID: String, variant: String) {
        guard AssetKey.isFolderName(videoID), (1...20).contains(variant.utf8.count),
            variant.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        else { return nil }
        let mark = hexadecimal(Array(SHA256.hash(Array(provider.utf8)).prefix(4)))
        fileName = "\(videoID).\(variant).\(mark).\(Self.suffix)"
    }

    static let suffix = "part"
}
