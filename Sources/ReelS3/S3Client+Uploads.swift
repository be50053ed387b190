internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelRuntime

extension S3Client {
    /// Begins an upload in parts (CreateMultipartUpload).
    ///
    /// The parts cost money until somebody completes or aborts it.
    package func beginUpload(
        _ key: String,
        contentType: String,
        sha256: String
    ) async throws(S3Error) -> S3Upload {
        var call = Call(method: .post, url: try url(key).withQuery([("uploads", "")]))
        call.fields = ["Content-Type": contentType, Self.digestField: sha256]
        let answer = try document(
            try await send(call),
            named: "InitiateMultipartUploadResult"
        )
        guard let id = answer["UploadId"]?.text, !id.isEmpty else {
            throw S3Error(.unexpectedAnswer)
        }
        return S3Upload(key: key, id: id)
    }

    /// Sends a part, all of them but the last of one size of at least 5 MiB (UploadPart).
    package func upload(
        _ part: S3Content,
        number: Int,
        of upload: S3Upload
    ) async throws(S3Error) -> S3Part {
        let items = [(name: "partNumber", value: String(number)), ("uploadId", upload.id)]
        var call = Call(method: .put, url: try url(upload.key).withQuery(items))
        call.content = .source(part.source)
        call.contentSHA256 = part.sha256
        let response = try await send(call)
        guard let entityTag = response.fields.only("ETag") else {
            throw S3Error(.unexpectedAnswer, status: Int(response.status.code))
        }
        return S3Part(number: number, entityTag: entityTag)
    }

    /// Has the store take a part from an object that it has, of at most 5 GiB (UploadPartCopy).
    ///
    /// - Throws: `S3Error`, `.occupied` when the object is no longer the one with that entity tag.
    package func copy(
        _ key: String,
        entityTag: String,
        number: Int,
        of upload: S3Upload
    ) async throws(S3Error) -> S3Part {
        guard let source = bucket.copySource(of: key) else {
            throw S3Error(.transport(.invalidURL))
        }
        let items = [(name: "partNumber", value: String(number)), ("uploadId", upload.id)]
        var call = Call(method: .put, url: try url(upload.key).withQuery(items))
        call.fields = ["x-amz-copy-source": source, "x-amz-copy-source-if-match": entityTag]
        call.takesLong = true
        let answer = try document(try await send(call), named: "CopyPartResult")
        guard let entityTag = answer["ETag"]?.text, !entityTag.isEmpty else {
            throw S3Error(.unexpectedAnswer)
        }
        return S3Part(number: number, entityTag: entityTag)
    }

    /// Makes one object of the parts (CompleteMultipartUpload).
    ///
    /// - Throws: `S3Error`, `.occupied` when something stands there already.
    package func complete(
        _ upload: S3Upload,
        _ parts: [S3Part]
    ) async throws(S3Error) {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            text += "<Part><PartNumber>\(part.number)</PartNumber><ETag>"
            text += Self.escaped(part.entityTag) + "</ETag></Part>"
        }
        text += "</CompleteMultipartUpload>"
        let bytes = Array(text.utf8)
        let items = [(name: "uploadId", value: upload.id)]
        var call = Call(method: .post, url: try url(upload.key).withQuery(items))
        call.fields = ["Content-Type": "application/xml", "If-None-Match": "*"]
        call.content = .bytes(bytes)
        call.contentSHA256 = Self.digest(bytes)
        _ = try document(try await send(call), named: "CompleteMultipartUploadResult")
    }

    /// Throws the parts away; legal when the store no longer knows the upload
    /// (AbortMultipartUpload).
    package func abort(_ upload: S3Upload) async throws(S3Error) {
        let items = [(name: "uploadId", value: upload.id)]
        do throws(S3Error) {
            _ = try await send(
                Call(method: .delete, url: try url(upload.key).withQuery(items))
            )
        } catch {
            guard error.kind == .noSuchUpload || error.kind == .noSuchKey else { throw error }
        }
    }

    /// A page of the uploads with a prefix that are neither completed nor aborted
    /// (ListMultipartUploads).
    package func uploads(prefix: String) async throws(S3Error) -> [S3Upload] {
        let items = [(name: "max-uploads", value: "1000"), ("prefix", prefix), ("uploads", "")]
        let page = try document(
            try await send(Call(method: .get, url: bucket.url.withQuery(items))),
            named: "ListMultipartUploadsResult"
        )
        return page.all("Upload").compactMap { upload in
            guard let key = upload["Key"]?.text, let id = upload["UploadId"]?.text else {
                return nil
            }
            let initiatedAt = upload["Initiated"].flatMap { Timestamp(rfc3339: $0.text) }
            return S3Upload(key: key, id: id, initiatedAt: initiatedAt)
        }
    }

    /// Character data of XML (section 2.4 of the recommendation).
    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            default: String(character)
            }
        }.joined()
    }
}
