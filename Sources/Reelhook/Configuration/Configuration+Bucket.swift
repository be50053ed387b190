internal import ReelHTTP
internal import ReelS3

extension Configuration {
    /// Reads `store.s3`; nil, with the faults told, when something that it needs is missing.
    static func bucket(_ section: inout ObjectReader) -> BucketSettings? {
        defer { section.finish() }
        func needed<Value>(_ name: String, _ value: Value?) -> Value? {
            if value == nil, !section.names.contains(name) { section.fault("\(name) is missing") }
            return value
        }
        let endpoint = needed("endpoint", section.text("endpoint"))
        let name = needed("bucket", section.text("bucket"))
        let keyID = needed("access_key_id", section.secret("access_key_id"))
        let key = needed("secret_access_key", section.secret("secret_access_key"))
        guard let endpoint, let name, let keyID, let key else {
            // Asked for all the same, so that no other key is called unknown.
            var rest = BucketSettings(
                endpoint: "",
                name: "",
                accessKeyID: Secret(""),
                secretAccessKey: Secret("")
            )
            read(&rest, &section)
            return nil
        }
        var bucket = BucketSettings(
            endpoint: endpoint,
            name: name,
            accessKeyID: keyID,
            secretAccessKey: key
        )
        read(&bucket, &section)
        check(bucket, section)
        return bucket
    }

    private static func read(_ bucket: inout BucketSettings, _ section: inout ObjectReader) {
        if let region = section.text("region") { bucket.region = region }
        if let word = section.choice("style", of: S3Bucket.Style.allCases.map(\.rawValue)),
            let style = S3Bucket.Style(rawValue: word)
        {
            bucket.style = style
        }
        if let prefix = section.string("prefix") { bucket.prefix = prefix }
        bucket.sessionToken = section.secret("session_token")
        if let redirects = section.bool("redirect") { bucket.redirects = redirects }
        // The longest lifetime that the signature's version allows is a week.
        if let span = section.seconds("link_seconds", in: 1...604_800) {
            bucket.linkLifetime = span
        }
        // A single request may carry a little less than 5 GiB, a part no less than 5 MiB.
        if let count = section.integer("single_bytes_max", in: 5 << 20...5_363_466_240) {
            bucket.singleByteCountMax = count
        }
        if let count = section.integer("part_bytes", in: 5 << 20...1 << 30) {
            bucket.partByteCount = count
        }
        if let count = section.integer("copy_bytes_min", in: 0...5 << 30) {
            bucket.copyByteCountMin = count
        }
    }

    private static func check(_ bucket: BucketSettings, _ section: ObjectReader) {
        if let url = HTTPURL(bucket.endpoint), url.target.path == "/", url.target.query == nil {
            if bucket.bucket == nil {
                section.fault("the bucket's name or the region cannot be one")
            }
        } else {
            section.fault("endpoint", "expected an http or https URL without a path")
        }
        if !bucket.prefix.isEmpty {
            let parts = bucket.prefix.split(separator: "/", omittingEmptySubsequences: false)
            let isWhole =
                parts.last == "" && parts.dropLast().allSatisfy { !["", ".", ".."].contains($0) }
                && bucket.prefix.utf8.count <= 512
            if !isWhole { section.fault("prefix", "must end in a slash, such as reelhook/") }
        }
        if bucket.credentials == nil {
            section.fault("a key of the store has bytes that no key has")
        }
    }
}
