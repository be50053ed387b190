internal import ReelHTTPClient
package import ReelRuntime
package import ReelS3
package import ReelSystem

/// Files in a bucket of an S3-compatible store: `<prefix><video id>/<file name>`.
///
/// An object appears whole or not at all, which is the store's own promise, and never in place of
/// another one: puts carry `If-None-Match: *`. What stands there already is the same file when its
/// length and its recorded hash are, which is what a crash between a put and its record leaves.
/// Bytes that the bucket holds already, under whatever key, are copied there and not sent again.
package struct S3AssetStore: AssetStore {
    /// How objects are made.
    package struct Configuration: Sendable, Hashable {
        /// What every key begins with; empty, or ending in a slash.
        package var prefix = ""
        /// A file up to this goes in one request, a longer one in parts.
        package var singleByteCountMax: Int64 = 96 << 20
        /// The size of every part but the last; more where 10,000 of them would not do.
        package var partByteCount: Int64 = 16 << 20
        /// A shorter file is sent even if the bucket holds its bytes already.
        package var copyByteCountMin: Int64 = 1 << 20
        /// How long a link of the console is good for.
        package var linkLifetime: Duration = .seconds(3600)

        package init() {}
    }

    let client: S3Client
    let disk: any Disk
    private let pool: BlockingPool
    private let configuration: Configuration

    package init(
        client: S3Client,
        disk: any Disk = SystemDisk(),
        pool: BlockingPool,
        configuration: Configuration = Configuration()
    ) {
        self.client = client
        self.disk = disk
        self.pool = pool
        self.configuration = configuration
    }

    package func put(
        _ file: StagedFile,
        as key: AssetKey
    ) async throws(AssetError) -> StoredAsset {
        let name = try name(of: key)
        if let object = try await object(name) {
            guard object.holds(file) else { throw .occupied }
        } else {
            let isNew = await !index.adopt(file, as: name)
            if isNew { try await uploadOnce(file, to: name) }
            // A completion may be answered before the object is there, or with the wrong parts.
            guard let object = try await object(name), object.byteCount == file.byteCount else {
                throw .changed
            }
            if isNew { await index.note(file, at: key) }
        }
        try await pool.run { () throws(AssetError) in try disk.removeDurably(file.path) }
        return StoredAsset(location: location(name))
    }

    package func write(
        _ bytes: [UInt8],
        as key: AssetKey
    ) async throws(AssetError) -> StoredAsset {
        let name = try name(of: key)
        let type = name.hasSuffix(".json") ? "application/json" : "application/octet-stream"
        do throws(S3Error) {
            try await client.put(bytes, at: name, contentType: type)
        } catch {
            throw .store(error)
        }
        return StoredAsset(location: location(name))
    }

    package func open(_ key: AssetKey) async throws(AssetError) -> (any AssetReader)? {
        let name = try name(of: key)
        guard let object = try await object(name) else { return nil }
        return S3AssetReader(client: client, key: name, object: object)
    }

    package func link(to key: AssetKey) async throws(AssetError) -> String? {
        let name = try name(of: key)
        do throws(S3Error) {
            return try client.link(name, lifetime: configuration.linkLifetime)
        } catch {
            throw .store(error)
        }
    }

    package func delete(provider: String, videoID: String) async throws(AssetError) {
        guard AssetKey.isFolderName(videoID) else { throw .invalidName }
        let prefix = configuration.prefix + videoID + "/"
        await index.forget(videoID)
        do throws(S3Error) {
            try await abortUploads(prefix: prefix)
            var page = try await client.keys(prefix: prefix)
            while true {
                for key in page.keys { try await client.delete(key) }
                guard let next = page.next else { return }
                page = try await client.keys(prefix: prefix, after: next)
            }
        } catch {
            throw .store(error)
        }
    }

    /// What the store says of a file: its length, and the hash that was sent with it.
    ///
    /// - Returns: nil when there is none.
    package func record(
        of key: AssetKey
    ) async throws(AssetError) -> (byteCount: Int64, sha256: String?)? {
        try await object(name(of: key)).map { ($0.byteCount, $0.sha256) }
    }

    /// Puts, reads and deletes a small object, so that wrong keys and a missing bucket are told of
    /// before the first file.
    package func prove(random: any RandomSource) async throws(S3Error) {
        let key = configuration.prefix + "reelhook-probe-" + random.hexadecimal(byteCount: 8)
        try await client.put([0x72], at: key, contentType: "text/plain")
        let object = try await client.object(key)
        try await client.delete(key)
        guard object?.byteCount == 1 else { throw S3Error(.unexpectedAnswer) }
    }

    /// Throws away the parts of uploads that were begun before a moment and never completed, as a
    /// crash leaves them.
    ///
    /// Others may work in the same bucket: only uploads of a video's files are taken for ours.
    ///
    /// - Returns: How many there were.
    package func abortUploads(begunBefore moment: Timestamp) async throws(S3Error) -> Int {
        let uploads = try await client.uploads(prefix: configuration.prefix)
            .filter { upload in upload.initiatedAt.map { $0 < moment } ?? false }
            .filter { isOurs($0.key) }
        for upload in uploads { try await client.abort(upload) }
        return uploads.count
    }

    private func isOurs(_ key: String) -> Bool {
        guard key.hasPrefix(configuration.prefix) else { return false }
        let path = key.dropFirst(configuration.prefix.count)
        return AssetKey(path: String(path))?.isVariant ?? false
    }

    private func abortUploads(prefix: String) async throws(S3Error) {
        for upload in try await client.uploads(prefix: prefix) { try await client.abort(upload) }
    }

    private var index: S3ContentIndex {
        S3ContentIndex(
            client: client,
            prefix: configuration.prefix,
            byteCountMin: configuration.copyByteCountMin
        )
    }

    // MARK: Names

    /// The address of a file, for people: `s3://<bucket>/<key>`.
    package func location(of key: AssetKey) -> String { location(configuration.prefix + key.path) }

    private func name(of key: AssetKey) throws(AssetError) -> String {
        guard key.isValid else { throw .invalidName }
        return configuration.prefix + key.path
    }

    private func location(_ name: String) -> String { "s3://" + client.bucket.name + "/" + name }

    private func object(_ name: String) async throws(AssetError) -> S3Object? {
        do {
            return try await client.object(name)
        } catch {
            throw .store(error)
        }
    }

    // MARK: Uploads

    /// Uploads a file, and takes for done what is there after a failure.
    ///
    /// A put whose answer was lost is sent again, and refused because of itself.
    private func uploadOnce(_ file: StagedFile, to name: String) async throws(AssetError) {
        do throws(AssetError) {
            try await upload(file, to: name)
        } catch {
            guard let object = try? await object(name), object.holds(file) else { throw error }
        }
    }

    private func upload(_ file: StagedFile, to name: String) async throws(AssetError) {
        let open = try await pool.run { () throws(AssetError) -> any DiskFile in
            let open = try disk.open(file.path, .read, permissions: 0)
            guard try open.status().byteCount == file.byteCount else { throw .changed }
            return open
        }
        if file.byteCount <= configuration.singleByteCountMax {
            let whole = DiskFileSource(file: open, start: 0, byteCount: file.byteCount)
            do {
                try await client.put(
                    S3Content(
                        source: whole,
                        sha256: file.sha256,
                        contentType: file.contentType
                    ),
                    at: name,
                    replacing: false
                )
            } catch {
                throw fault(of: error)
            }
        } else {
            try await uploadParts(of: open, file, to: name)
        }
    }

    private func uploadParts(
        of open: any DiskFile,
        _ file: StagedFile,
        to name: String
    ) async throws(AssetError) {
        let upload: S3Upload
        do throws(S3Error) {
            // Of an attempt that was cut off; whoever still works on it has lost its claim.
            try await abortUploads(prefix: name)
            upload = try await client.beginUpload(
                name,
                contentType: file.contentType,
                sha256: file.sha256
            )
        } catch {
            throw fault(of: error)
        }
        do throws(AssetError) {
            let parts = try await sendParts(of: open, file, upload)
            do throws(S3Error) {
                try await client.complete(upload, parts)
            } catch {
                throw fault(of: error)
            }
        } catch {
            // What cannot be thrown away now is swept up later.
            try? await client.abort(upload)
            throw error
        }
    }

    private func sendParts(
        of open: any DiskFile,
        _ file: StagedFile,
        _ upload: S3Upload
    ) async throws(AssetError) -> [S3Part] {
        let whole = RunningDigest()
        let size = partByteCount(for: file.byteCount)
        var parts: [S3Part] = []
        var start: Int64 = 0
        while start < file.byteCount {
            let source = DiskFileSource(
                file: open,
                start: start,
                byteCount: min(size, file.byteCount - start)
            )
            let digest = try await pool.run { () throws(AssetError) in
                try source.digest(also: whole)
            }
            let content = S3Content(
                source: source,
                sha256: digest,
                contentType: file.contentType
            )
            do throws(S3Error) {
                parts.append(
                    try await client.upload(content, number: parts.count + 1, of: upload)
                )
            } catch {
                throw fault(of: error)
            }
            start += source.byteCount
        }
        // The parts were hashed as they were read; together they are the file that was fetched.
        guard whole.finish() == file.sha256 else { throw .changed }
        return parts
    }

    /// At least what is configured, and a whole number of MiB that 10,000 parts do with.
    private func partByteCount(for byteCount: Int64) -> Int64 {
        let needed = (byteCount + 9_999) / 10_000
        guard needed > configuration.partByteCount else { return configuration.partByteCount }
        let mebibyte: Int64 = 1 << 20
        return (needed + mebibyte - 1) / mebibyte * mebibyte
    }

    private func fault(of error: S3Error) -> AssetError {
        switch error.kind {
        case .occupied: .occupied
        case .transport(.contentUnreadable): .changed
        default: .store(error)
        }
    }
}

extension S3Object {
    /// Whether it is that file, by the hash that was recorded with it.
    fileprivate func holds(_ file: StagedFile) -> Bool {
        byteCount == file.byteCount && sha256 == file.sha256
    }
}
