internal import ReelAssets
internal import ReelHTTP
internal import ReelHTTPClient
internal import ReelHTTPServer
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

/// `GET /v1/videos/{id}/content`: from the store once the file is there, with `Range`; before
/// that, straight from the provider.
struct ContentRoute: Sendable {
    let context: ConsoleContext

    /// Bytes read from the store at a time.
    private static let pieceByteCount = 256 << 10

    func register(in router: inout HTTPRouter) {
        router.on(.get, "/v1/videos/{id}/content") { request, parameters, _ in
            await content(request, parameters["id"] ?? "")
        }
    }

    private func content(_ request: HTTPRequest, _ id: String) async -> HTTPResponse {
        let variant = request.target.queryValue("variant") ?? "video"
        guard ["video", "thumbnail", "spritesheet"].contains(variant) else {
            return ErrorEnvelope.response(
                .badRequest,
                "variant must be video, thumbnail or spritesheet",
                code: "invalid_value",
                parameter: "variant"
            )
        }
        let name = request.target.queryValue("provider")
        guard let provider = await context.owner(of: id, named: name) else {
            return ErrorEnvelope.response(
                .notFound,
                "there is no provider of that name",
                code: "unknown_provider",
                parameter: "provider"
            )
        }
        if let id = VideoID(id) {
            let job = try? await context.journal.driver.job(provider: provider.name, id: id)
            if job?.state == .deleted {
                return ErrorEnvelope.response(.notFound, "the video was deleted")
            }
            if let stored = await stored(request, id, variant, at: provider.name) {
                return stored
            }
        }
        return await passed(id, variant, at: provider)
    }

    // MARK: - From the store

    private func stored(
        _ request: HTTPRequest,
        _ id: VideoID,
        _ variant: String,
        at provider: String
    ) async -> HTTPResponse? {
        let assets = try? await context.journal.driver.assets(provider: provider, videoID: id)
        guard let asset = assets?.first(where: { $0.variant == variant && $0.state == .stored }),
            let fileName = asset.location?.split(separator: "/").last
        else { return nil }
        let key = AssetKey(videoID: id.rawValue, fileName: String(fileName))
        if context.redirectsToStore, let link = try? await context.store.link(to: key) {
            return HTTPResponse(
                .found,
                fields: [
                    "Location": link, "Cache-Control": "no-store", "Reelhook-Source": "store",
                ]
            )
        }
        guard let reader = try? await context.store.open(key) else {
            context.logger.warning(
                "a stored file cannot be opened",
                ["video.id": .string(id.rawValue), "variant": .string(variant)]
            )
            return nil
        }
        let entityTag = asset.sha256.map { "\"\($0)\"" }
        let modified = Timestamp(secondsSinceEpoch: reader.modifiedAtSeconds).httpDate
        var fields: HTTPFields = [
            "Content-Type": asset.contentType ?? "application/octet-stream",
            "Accept-Ranges": "bytes",
            "Last-Modified": modified,
            "Reelhook-Source": "store",
        ]
        if let entityTag { fields.append("ETag", entityTag) }
        if let entityTag, let given = request.fields["If-None-Match"],
            matches(entityTag, given)
        {
            return HTTPResponse(.notModified, fields: fields)
        }
        return ranged(request, reader, fields, validators: [entityTag, modified])
    }

    /// The whole file, or the one range that was asked for (RFC 9110, section 14).
    private func ranged(
        _ request: HTTPRequest,
        _ reader: any AssetReader,
        _ fields: HTTPFields,
        validators: [String?]
    ) -> HTTPResponse {
        var fields = fields
        let size = reader.byteCount
        let isCurrent = request.fields["If-Range"].map { validators.contains($0) } ?? true
        guard isCurrent, let header = request.fields.only("Range") else {
            return HTTPResponse(.ok, fields: fields, body: body(reader, from: 0, count: size))
        }
        switch HTTPByteRange.parse(header, size: size) {
        case .whole:
            return HTTPResponse(.ok, fields: fields, body: body(reader, from: 0, count: size))
        case .notSatisfiable:
            fields.append("Content-Range", HTTPByteRange.unsatisfiedContentRange(size: size))
            return HTTPResponse(.rangeNotSatisfiable, fields: fields)
        case .part(let range):
            fields.append("Content-Range", range.contentRange)
            return HTTPResponse(
                .partialContent,
                fields: fields,
                body: body(reader, from: range.offsets.lowerBound, count: range.byteCount)
            )
        }
    }

    private func body(
        _ reader: any AssetReader,
        from first: Int64,
        count: Int64
    ) -> HTTPResponseBody {
        .stream(byteCount: count) { writer in
            var offset = first
            let end = first + count
            while offset < end {
                let want = Int(min(Int64(Self.pieceByteCount), end - offset))
                let piece = try await reader.read(at: offset, count: want)
                guard !piece.isEmpty else { throw AssetError.changed }
                try await writer.write(piece)
                offset += Int64(piece.count)
            }
        }
    }

    private func matches(_ entityTag: String, _ header: String) -> Bool {
        header.split(separator: ",").contains { part in
            let tag = part.drop { $0 == " " }
            return tag == "*" || tag == entityTag || tag == "W/" + entityTag
        }
    }

    // MARK: - From the provider

    private func passed(
        _ id: String,
        _ variant: String,
        at provider: any VideoProvider
    ) async -> HTTPResponse {
        let wanted = ContentRequest(
            id: id,
            variant: variant,
            byteCountMax: 1 << 40,
            totalTimeout: .seconds(3600)
        )
        let stream: any HTTPClientStream
        do throws(ProviderError) {
            stream = try await provider.content(wanted)
        } catch {
            return ErrorEnvelope.response(for: error)
        }
        var fields: HTTPFields = ["Reelhook-Source": "provider"]
        for name in ["Content-Type", "ETag", "Last-Modified"] {
            if let value = stream.head.fields.only(name) { fields.append(name, value) }
        }
        return HTTPResponse(
            .ok,
            fields: fields,
            body: .stream(byteCount: stream.head.contentLength) { writer in
                defer { stream.cancel() }
                while let bytes = try await stream.next() { try await writer.write(bytes) }
            }
        )
    }
}
