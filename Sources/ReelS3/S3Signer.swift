internal import ReelCrypto
internal import ReelHTTP
internal import ReelRuntime

/// Signs requests by AWS Signature Version 4, as S3 wants it: the path is encoded once and never
/// normalised, and the hash of the content stands in a field of its own.
///
/// Source: AWS General Reference, "Signature Version 4 signing process"; Amazon S3 API Reference,
/// "Authenticating Requests (AWS Signature Version 4)".
struct S3Signer: Sendable {
    let credentials: S3Credentials
    let region: String
    /// Another one in the vectors of AWS's own test suite alone.
    var service = "s3"

    private static let algorithm = "AWS4-HMAC-SHA256"
    /// What stands for the hash where the content is not covered, as in a link.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// Adds `x-amz-date`, `x-amz-content-sha256`, the session's token and `Authorization`.
    ///
    /// Every field that is there by then is covered, and so is `Host`.
    func sign(
        _ method: HTTPMethod,
        _ url: HTTPURL,
        _ fields: inout HTTPFields,
        contentSHA256: String,
        at moment: Timestamp
    ) {
        let stamp = Self.stamp(moment)
        fields.set("x-amz-date", stamp)
        fields.set("x-amz-content-sha256", contentSHA256)
        if let token = credentials.sessionToken { fields.set("x-amz-security-token", token) }
        let authorization = authorization(
            method,
            url,
            fields,
            contentSHA256: contentSHA256,
            stamp: stamp
        )
        fields.set("Authorization", authorization)
    }

    /// The value of `Authorization` for a request with these fields and `Host`.
    func authorization(
        _ method: HTTPMethod,
        _ url: HTTPURL,
        _ fields: HTTPFields,
        contentSHA256: String,
        stamp: String
    ) -> String {
        let signed = Self.signedFields(url, fields)
        let request = Self.canonicalRequest(method, url, signed, contentSHA256: contentSHA256)
        return Self.algorithm + " Credential=" + credentials.accessKeyID + "/" + scope(stamp)
            + ", SignedHeaders=" + Self.names(signed)
            + ", Signature=" + signature(of: request, stamp: stamp)
    }

    /// The URL with a signature in its query: whoever has it may send that request until it
    /// expires, at most a week.
    ///
    /// S3 alone leaves the content out of a link; the vectors of other services have its hash.
    func presigned(
        _ method: HTTPMethod,
        _ url: HTTPURL,
        query: [(name: String, value: String)] = [],
        lifetime: Duration,
        at moment: Timestamp,
        contentSHA256: String = S3Signer.unsignedPayload
    ) -> String {
        let stamp = Self.stamp(moment)
        let signed = Self.signedFields(url, [:])
        let seconds = min(max(1, Int64(lifetime.inSeconds)), 604_800)
        var items = query
        items.append(("X-Amz-Algorithm", Self.algorithm))
        items.append(("X-Amz-Credential", credentials.accessKeyID + "/" + scope(stamp)))
        items.append(("X-Amz-Date", stamp))
        items.append(("X-Amz-Expires", String(seconds)))
        if let token = credentials.sessionToken { items.append(("X-Amz-Security-Token", token)) }
        items.append(("X-Amz-SignedHeaders", Self.names(signed)))
        let request = Self.canonicalRequest(
            method,
            url.withQuery(items),
            signed,
            contentSHA256: contentSHA256
        )
        items.append(("X-Amz-Signature", signature(of: request, stamp: stamp)))
        return url.withQuery(items).text
    }

    // MARK: The steps of the algorithm

    /// `20261121T090807Z`.
    private static func stamp(_ moment: Timestamp) -> String {
        let whole = moment.description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return whole + "Z"
    }

    private func scope(_ stamp: String) -> String {
        stamp.prefix(8) + "/" + region + "/" + service + "/aws4_request"
    }

    /// Names in lower case with their values, sorted, those of one name joined by commas.
    static func signedFields(
        _ url: HTTPURL,
        _ fields: HTTPFields
    ) -> [(name: String, value: String)] {
        let host = String(url.origin.dropFirst(url.scheme.rawValue.count + 3))
        var values: [String: [String]] = ["host": [host]]
        for field in fields.fields {
            values[field.name.lowercased(), default: []].append(collapsed(field.value))
        }
        return values.map { ($0.key, $0.value.joined(separator: ",")) }
            .sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    }

    private static func names(_ fields: [(name: String, value: String)]) -> String {
        fields.map(\.name).joined(separator: ";")
    }

    /// Without spaces at both ends, and with one for each run of them inside.
    private static func collapsed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }

    static func canonicalRequest(
        _ method: HTTPMethod,
        _ url: HTTPURL,
        _ fields: [(name: String, value: String)],
        contentSHA256: String
    ) -> String {
        let query = url.target.queryItems
            .map { (percentEncoded($0.name), percentEncoded($0.value)) }
            .sorted { $0 < $1 }
            .map { $0.0 + "=" + $0.1 }
            .joined(separator: "&")
        let lines =
            [method.name, url.target.path, query]
            + fields.map { $0.name + ":" + $0.value }
            + ["", names(fields), contentSHA256]
        return lines.joined(separator: "\n")
    }

    private func signature(of request: String, stamp: String) -> String {
        let text = [
            Self.algorithm, stamp, scope(stamp), hexadecimal(SHA256.hash(Array(request.utf8))),
        ].joined(separator: "\n")
        var key = Array(("AWS4" + credentials.secretAccessKey).utf8)
        for part in [String(stamp.prefix(8)), region, service, "aws4_request"] {
            let next = Self.code(of: part, under: key)
            wipe(&key)
            key = next
        }
        defer { wipe(&key) }
        return hexadecimal(Self.code(of: text, under: key))
    }

    private static func code(of text: String, under key: [UInt8]) -> [UInt8] {
        var code = HMACSHA256(HMACKey(key))
        let bytes = Array(text.utf8)
        code.update(bytes.span)
        return code.finish()
    }
}
