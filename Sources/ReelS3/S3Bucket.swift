internal import ReelHTTP

/// A bucket at an endpoint, and how it is addressed.
package struct S3Bucket: Sendable, Hashable {
    /// Where the bucket's name stands in a URL.
    package enum Style: String, Sendable, Hashable, CaseIterable {
        /// `https://endpoint/bucket/key`, which every store understands.
        case path
        /// `https://bucket.endpoint/key`.
        case virtual
    }

    package let name: String
    /// The region that signatures name; `auto` for R2.
    package let region: String
    private let root: HTTPURL

    /// Takes an endpoint without a path, such as `https://s3.eu-central-1.amazonaws.com`.
    ///
    /// Nil when the endpoint is no such URL, when the name breaks S3's rules (3 to 63 lower-case
    /// letters, digits, dots and hyphens), or when the region is no word.
    package init?(endpoint: String, name: String, region: String, style: Style) {
        guard let url = HTTPURL(endpoint), url.target.path == "/", url.target.query == nil,
            Self.isBucketName(name), Self.isRegion(region)
        else { return nil }
        switch style {
        case .path:
            guard let root = url.appending(name) else { return nil }
            self.root = root
        case .virtual:
            let scheme = url.scheme.rawValue + "://"
            let host = url.origin.dropFirst(scheme.count)
            guard let root = HTTPURL(scheme + name + "." + host) else { return nil }
            self.root = root
        }
        self.name = name
        self.region = region
    }

    /// The bucket itself.
    var url: HTTPURL { root }

    /// An object; nil for a key that is empty or too long, or has a segment that is empty, `.` or
    /// `..`.
    func url(of key: String) -> HTTPURL? {
        // S3 takes keys of up to 1024 bytes of UTF-8.
        guard (1...1024).contains(key.utf8.count) else { return nil }
        var url = root
        for segment in key.split(separator: "/", omittingEmptySubsequences: false) {
            guard let longer = url.appending(String(segment)) else { return nil }
            url = longer
        }
        return url
    }

    /// An object as the source of a copy, `/bucket/key`, percent-encoded; nil for a key that is
    /// none.
    func copySource(of key: String) -> String? {
        guard let path = url(of: key)?.target.path else { return nil }
        // In the virtual style the bucket stands in the host.
        return root.target.path == "/" ? "/" + name + path : path
    }

    private static func isBucketName(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E: true
            default: false
            }
        }
        return isPlain && (3...63).contains(text.utf8.count) && !text.contains("..")
            && text.utf8.first != 0x2E && text.utf8.first != 0x2D
            && text.utf8.last != 0x2E && text.utf8.last != 0x2D
    }

    private static func isRegion(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x61...0x7A, 0x2D: true
                default: false
                }
            }
    }
}
