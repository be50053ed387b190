internal import ReelHTTPClient
internal import ReelS3

/// Which object of the bucket holds some content, so that the same bytes are sent there once.
///
/// A bucket has no second names, and every file is to be found under its own key; so a file whose
/// bytes are there already is copied by the store itself. An entry is the object
/// `<prefix>.content/<two digits>/<SHA-256>`, whose text is `<video id>/<file name>`. It is a hint:
/// the object that it names is looked at before it is copied, so one that was deleted or replaced
/// since costs a look and nothing else.
struct S3ContentIndex {
    let client: S3Client
    let prefix: String
    /// A shorter file is sent: that takes no longer than to look for another one.
    let byteCountMin: Int64

    static let folderName = ".content"
    /// The most that a store copies in one call.
    private static let byteCountMax: Int64 = 5 << 30

    /// Has the store copy an object with the file's bytes.
    ///
    /// - Returns: Whether it did; if not, for whatever reason, the file is to be sent.
    func adopt(_ file: StagedFile, as name: String) async -> Bool {
        guard let entry = entry(of: file) else { return false }
        do throws(S3Error) {
            guard let key = try await key(in: entry) else { return false }
            let known = prefix + key.path
            guard known != name, let object = try await client.object(known),
                object.byteCount == file.byteCount, object.sha256 == file.sha256,
                let entityTag = object.entityTag
            else { return false }
            return try await copy(known, entityTag: entityTag, file, to: name)
        } catch {
            return false
        }
    }

    /// Makes the object as an upload of one part that the store has.
    ///
    /// A plain copy would not do: where it takes `If-None-Match` at all, not every store means the
    /// new object by it, and what stands there must not be replaced.
    private func copy(
        _ known: String,
        entityTag: String,
        _ file: StagedFile,
        to name: String
    ) async throws(S3Error) -> Bool {
        let upload = try await client.beginUpload(
            name,
            contentType: file.contentType,
            sha256: file.sha256
        )
        do throws(S3Error) {
            let part = try await client.copy(known, entityTag: entityTag, number: 1, of: upload)
            try await client.complete(upload, [part])
            return true
        } catch {
            // What cannot be thrown away now is swept up later.
            try? await client.abort(upload)
            return false
        }
    }

    /// Remembers where content is; a file that stands is none the worse when that fails.
    func note(_ file: StagedFile, at key: AssetKey) async {
        guard let entry = entry(of: file) else { return }
        try? await client.put(Array(key.path.utf8), at: entry, contentType: "text/plain")
    }

    /// Forgets where the content of a video's files is, as its manifest names it.
    func forget(_ videoID: String) async {
        let manifest = AssetKey(videoID: videoID, fileName: Manifest.fileName)
        do throws(S3Error) {
            guard let bytes = try await client.content(prefix + manifest.path, atMost: 1 << 20)
            else { return }
            for digest in Manifest.digests(in: bytes) {
                guard let entry = path(of: digest),
                    try await key(in: entry)?.videoID == videoID
                else { continue }
                try await client.delete(entry)
            }
        } catch {
            return
        }
    }

    private func entry(of file: StagedFile) -> String? {
        guard file.byteCount >= byteCountMin, file.byteCount <= Self.byteCountMax else {
            return nil
        }
        return path(of: file.sha256)
    }

    /// Nil for what is no digest.
    private func path(of sha256: String) -> String? {
        guard ContentIndex.isDigest(sha256) else { return nil }
        return prefix + Self.folderName + "/" + sha256.prefix(2) + "/" + sha256
    }

    /// The file that an entry names, when it is one that the store could have made.
    private func key(in entry: String) async throws(S3Error) -> AssetKey? {
        guard let bytes = try await client.content(entry, atMost: 512) else { return nil }
        return AssetKey(path: String(decoding: bytes, as: UTF8.self))
    }
}
