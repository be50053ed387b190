internal import ReelCrypto
internal import ReelHTTP
package import ReelHTTPClient
internal import ReelRuntime

extension S3Client {
    /// The field in which an object's whole SHA-256 is kept, since the store's own checksum of an
    /// object that came in parts is another one.
    static let digestField = "x-amz-meta-sha256"

    /// The field by which a store that knows it checks the content, whether or not it checks what
    /// was signed, and keeps the checksum where others can ask for it.
    ///
    /// Of an upload in parts it would be a checksum of checksums, which tells nobody anything of
    /// the file; each part is covered by the hash that is signed.
    static let checksumField = "x-amz-checksum-sha256"

    static func digest(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(bytes)) }

    /// Puts an object in one piece (PutObject), with its checksum unless the store refuses that.
    ///
    /// - Throws: `S3Error`, `.occupied` when something stands there already and is not to be
    ///   replaced.
    package func put(
        _ content: S3Content,
        at key: String,
        replacing: Bool
    ) async throws(S3Error) {
        var call = Call(method: .put, url: try url(key))
        call.fields = ["Content-Type": content.contentType, Self.digestField: content.sha256]
        if !replacing { call.fields.append("If-None-Match", "*") }
        call.content = .source(content.source)
        call.contentSHA256 = content.sha256
        guard !refusesChecksums.withLock({ $0 }), let digest = bytes(hexadecimal: content.sha256)
        else {
            _ = try await send(call)
            return
        }
        let checksum = Base64.encode(digest)
        var checked = call
        checked.fields.append(Self.checksumField, checksum)
        let answer: HTTPClientResponse
        do throws(S3Error) {
            answer = try await send(checked)
        } catch {
            // What one store takes another may refuse, as something that it does not know.
            guard error.kind == .refused else { throw error }
            _ = try await send(call)
            refusesChecksums.withLock { $0 = true }
            return
        }
        guard let field = answer.fields.only(Self.checksumField), let told = Base64.decode(field),
            told.count == digest.count, told != digest
        else { return }
        // Other bytes stand there than were sent.
        try await delete(key)
        throw S3Error(.damagedOnTheWay, status: Int(answer.status.code))
    }

    /// Puts a few bytes in place of whatever is there.
    package func put(
        _ bytes: [UInt8],
        at key: String,
        contentType: String
    ) async throws(S3Error) {
        let digest = Self.digest(bytes)
        var call = Call(method: .put, url: try url(key))
        call.fields = ["Content-Type": contentType, Self.digestField: digest]
        call.content = .bytes(bytes)
        call.contentSHA256 = digest
        _ = try await send(call)
    }

    /// What the store knows of an object; nil when there is none (HeadObject).
    package func object(_ key: String) async throws(S3Error) -> S3Object? {
        let response: HTTPClientResponse
        do throws(S3Error) {
            response = try await send(Call(method: .head, url: try url(key)))
        } catch {
            // An answer to HEAD has no body, so the bucket's absence looks the same.
            guard error.status == 404 else { throw error }
            return nil
        }
        guard let byteCount = response.head.contentLength else {
            throw S3Error(.unexpectedAnswer, status: Int(response.status.code))
        }
        return S3Object(
            byteCount: byteCount,
            entityTag: response.fields.only("ETag"),
            modifiedAt: response.fields.only("Last-Modified").flatMap { Timestamp(httpDate: $0) },
            sha256: response.fields.only(Self.digestField)
        )
    }

    /// The bytes of an object from an offset, until the caller has read or cancelled them
    /// (GetObject).
    ///
    /// - Throws: `S3Error`, `.occupied` when the object is no longer the one with that entity tag.
    package func read(
        _ key: String,
        from offset: Int64,
        entityTag: String?
    ) async throws(S3Error) -> any HTTPClientStream {
        var call = Call(method: .get, url: try url(key))
        if offset > 0 { call.fields.append("Range", "bytes=\(offset)-") }
        if let entityTag { call.fields.append("If-Match", entityTag) }
        let stream = try await stream(call)
        guard stream.head.status == (offset > 0 ? .partialContent : .ok) else {
            stream.cancel()
            throw S3Error(.unexpectedAnswer, status: Int(stream.head.status.code))
        }
        return stream
    }

    /// The bytes of a small object; nil when there is none, or it is longer than that.
    package func content(_ key: String, atMost byteCount: Int) async throws(S3Error) -> [UInt8]? {
        let stream: any HTTPClientStream
        do throws(S3Error) {
            stream = try await read(key, from: 0, entityTag: nil)
        } catch {
            guard error.status == 404 else { throw error }
            return nil
        }
        var bytes: [UInt8] = []
        do {
            while let piece = try await stream.next() {
                bytes += piece
                guard bytes.count <= byteCount else {
                    stream.cancel()
                    return nil
                }
            }
        } catch {
            throw S3Error(.transport(error))
        }
        return bytes
    }

    /// Deletes an object; legal when there is none (DeleteObject).
    package func delete(_ key: String) async throws(S3Error) {
        do throws(S3Error) {
            _ = try await send(Call(method: .delete, url: try url(key)))
        } catch {
            guard error.kind == .noSuchKey else { throw error }
        }
    }

    /// A page of the keys with a prefix, and where the next page begins (ListObjectsV2).
    package func keys(
        prefix: String,
        after token: String? = nil
    ) async throws(S3Error) -> (keys: [String], next: String?) {
        var items = [("list-type", "2"), ("max-keys", "1000"), ("prefix", prefix)]
        if let token { items.append(("continuation-token", token)) }
        let url = bucket.url.withQuery(items.map { (name: $0.0, value: $0.1) })
        let page = try document(
            try await send(Call(method: .get, url: url)),
            named: "ListBucketResult"
        )
        let isCut = page["IsTruncated"]?.text == "true"
        return (
            page.all("Contents").compactMap { $0["Key"]?.text },
            isCut ? page["NextContinuationToken"]?.text : nil
        )
    }

    func document(
        _ response: HTTPClientResponse,
        named name: String
    ) throws(S3Error) -> XMLElement {
        guard let element = XMLElement(response.body), element.name == name else {
            // A completion may be answered with 200 and an error in the body.
            throw S3Error(hiddenIn: response)
        }
        return element
    }
}

extension S3Error {
    /// The error that an answer with a status of success carries in its body.
    fileprivate init(hiddenIn response: HTTPClientResponse) {
        guard XMLElement(response.body)?.name == "Error" else {
            self.init(.unexpectedAnswer, status: Int(response.status.code))
            return
        }
        let error = S3Error(response)
        // A code that is not known would be judged by the status, which says the opposite.
        let kind = error.kind == .unexpectedAnswer ? .unavailable : error.kind
        self.init(kind, status: error.status, retryAfter: error.retryAfter)
    }
}
