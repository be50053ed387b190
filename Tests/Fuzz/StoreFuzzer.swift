internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelRuntime
internal import ReelS3

/// Feeds the client of an S3 store with answers.
///
/// An input is a byte for the call and the status, header lines, an empty line and the body; or,
/// where the byte's highest bit is set, names of objects, one a line, which are written as XML in
/// one of many ways. What is checked: names are read as they were written, whatever the way; a
/// call succeeds only with an answer of success that is the document asked for, and none that
/// declares a type; what is said of a fault holds nothing of the answer; and it is asked again a
/// bounded number of times.
enum StoreFuzzer {
    private static let statuses = [200, 204, 206, 301, 400, 403, 404, 409, 412, 429, 500, 503]

    static func check(_ input: [UInt8]) -> Int32 {
        guard let control = input.first else { return -1 }
        if control & 0x80 != 0 {
            checkNames(Array(input.dropFirst()), control)
            return 0
        }
        guard let (_, fields, body) = answer(input) else { return -1 }
        let status = statuses[Int(control) % statuses.count]
        let call = Call.allCases[Int(control) / statuses.count % Call.allCases.count]
        let server = AnsweringServer(status, fields, body)
        let outcome = settled { await made(call, by: client(server)) }
        expect(server.requestCount <= S3Limits().retryCountMax + 1, "asked too often")
        switch outcome {
        case .success(let made):
            // What is not there is deleted, aborted and looked for in vain without a fault.
            let words = String(decoding: body, as: UTF8.self)
            let isSaid = words.contains("NoSuchKey") || words.contains("NoSuchUpload")
            let isAbsent =
                call == .object
                ? status == 404
                : [.delete, .abort].contains(call) && (status == 404 || isSaid)
            expect((200...299).contains(status) || isAbsent, "success at \(status)")
            check(made, call, status, fields, body)
        case .failure(let error):
            expect(error.status == status || isHidden(error, status), "another status: \(error)")
            expect(
                error.description == S3Error(error.kind, status: error.status).description,
                "a description with more than its kind"
            )
            if let wait = error.retryAfter {
                expect(wait >= .seconds(1) && wait <= .seconds(86_400), "a wait of \(wait)")
            }
        }
        return 0
    }

    /// A fault that an answer of success turned out to be.
    private static func isHidden(_ error: S3Error, _ status: Int) -> Bool {
        (200...299).contains(status) && error.kind == .unexpectedAnswer
    }

    private enum Call: CaseIterable {
        case object, keys, uploads, begin, part, complete, abort, delete, put, copy
    }

    private enum Made: Sendable {
        case object(S3Object?)
        case keys([String], next: String?)
        case uploads([S3Upload])
        case upload(S3Upload)
        case part(S3Part)
        case nothing
    }

    private static func client(_ server: AnsweringServer) -> S3Client {
        guard
            let bucket = S3Bucket(
                endpoint: "http://127.0.0.1:1",
                name: "reels",
                region: "auto",
                style: .path
            ),
            let credentials = S3Credentials(
                accessKeyID: "id",
                secretAccessKey: "secret",
                sessionToken: nil
            )
        else { fatalError("finding: the bucket is none") }
        return S3Client(
            bucket: bucket,
            credentials: credentials,
            transport: server,
            time: StandingTime(),
            random: SeededRandomSource(seed: 1)
        )
    }

    private static func made(
        _ call: Call,
        by client: S3Client
    ) async -> Result<Made, S3Error> {
        let upload = S3Upload(key: "a/b", id: "u")
        let content = S3Content(source: NoContent(), sha256: "e3b0", contentType: "video/mp4")
        do throws(S3Error) {
            switch call {
            case .object: return .success(.object(try await client.object("a/b")))
            case .keys:
                let page = try await client.keys(prefix: "a/")
                return .success(.keys(page.keys, next: page.next))
            case .uploads: return .success(.uploads(try await client.uploads(prefix: "a/")))
            case .begin:
                let begun = try await client.beginUpload("a/b", contentType: "x/y", sha256: "00")
                return .success(.upload(begun))
            case .part:
                return .success(.part(try await client.upload(content, number: 1, of: upload)))
            case .copy:
                let part = try await client.copy("a/c", entityTag: "e", number: 1, of: upload)
                return .success(.part(part))
            case .complete:
                try await client.complete(upload, [])
            case .abort: try await client.abort(upload)
            case .delete: try await client.delete("a/b")
            case .put: try await client.put(content, at: "a/b", replacing: false)
            }
            return .success(.nothing)
        } catch {
            return .failure(error)
        }
    }

    private static func check(
        _ made: Made,
        _ call: Call,
        _ status: Int,
        _ fields: HTTPFields,
        _ body: [UInt8]
    ) {
        let text = String(decoding: body, as: UTF8.self)
        switch made {
        case .object(let object):
            expect((object == nil) == (status == 404), "an object at \(status)")
            guard let object else { return }
            let length = fields.only("Content-Length").flatMap { Int64($0) }
            expect(object.byteCount == length, "another length")
            expect(object.byteCount >= 0, "a length below nothing")
            return
        case .part(let part):
            expect(call == .copy || part.entityTag == fields.only("ETag"), "another entity tag")
            expect(call != .copy || text.contains("CopyPartResult"), "another document")
            guard call == .copy else { return }
        case .keys(let keys, let next):
            expect(text.contains("ListBucketResult"), "keys out of another document")
            expect(keys.count <= body.count { $0 == UInt8(ascii: "<") }, "more keys than elements")
            expect(next == nil || text.contains("NextContinuationToken"), "a page that is not")
        case .uploads: expect(text.contains("ListMultipartUploadsResult"), "another document")
        case .upload(let upload):
            expect(text.contains("InitiateMultipartUploadResult"), "another document")
            expect(upload.key == "a/b" && !upload.id.isEmpty, "an upload without an id")
        case .nothing:
            guard call == .complete else { return }
            expect(text.contains("CompleteMultipartUploadResult"), "another document")
        }
        let start = text.drop { $0.isWhitespace }
        expect(!start.hasPrefix("<!DOCTYPE"), "a document that declares its type")
    }

    // MARK: Names there and back

    private static func checkNames(_ input: [UInt8], _ control: UInt8) {
        var numbers = ChosenNumbers([control, input.first ?? 0])
        let names = input.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            String(
                String.UnicodeScalarView(
                    String(decoding: line, as: UTF8.self).unicodeScalars.filter(isAllowed)
                )
            )
        }
        var writer = XMLWriter(numbers: numbers)
        var items = names.map { writer.element("Contents", [writer.element("Key", text: $0)]) }
        let token = numbers.below(2) == 0 ? nil : names.last
        if let token {
            items.append(writer.element("IsTruncated", text: "true"))
            items.append(writer.element("NextContinuationToken", text: token))
        }
        let document = writer.document("ListBucketResult", items)
        let server = AnsweringServer(200, [:], Array(document.utf8))
        switch settled({ await made(.keys, by: client(server)) }) {
        case .success(.keys(let keys, let next)):
            expect(keys.map(scalars) == names.map(trimmed), "\(keys) written as \(document)")
            expect(next.map(scalars) == token.map(trimmed), "another token: \(document)")
        case .success, .failure: fatalError("finding: not read: \(document)")
        }
    }

    /// Char of XML 1.0, section 2.2.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }

    private static func trimmed(_ text: String) -> [UInt32] {
        let blank = { (value: UInt32) in value <= 0x20 }
        return scalars(text).drop(while: blank).reversed().drop(while: blank).reversed()
    }
}

/// An upload without bytes.
private struct NoContent: HTTPClientContentSource {
    var byteCount: Int64 { 0 }
    func read(at offset: Int64, count: Int) -> [UInt8]? { [] }
}
