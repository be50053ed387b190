internal import ReelAssets
internal import ReelHTTPClient
internal import ReelJournal
internal import ReelProviders
internal import ReelRuntime

/// Brings one file into the staging area, from where an earlier transfer was cut.
struct Transfer: Sendable {
    let provider: any VideoProvider
    let staging: StagingArea
    /// The attempt's.
    let ticket: StagingTicket
    let limits: FetchLimits
    let time: any TimeSource
    let ledger: AssetLedger
    let key: PartKey
    /// What the file is compared with; nil for one that nothing was ordered of.
    let order: MediaOrder?

    /// A file that is here, whole.
    struct Fetched {
        let byteCount: Int64
        let differences: [(trait: MediaOrder.Trait, text: String)]
    }

    /// Where the file stands between two requests.
    private struct Position {
        var offset: Int64 = 0
        var entityTag: String?
    }

    /// How one request for content ended.
    private enum Round {
        case whole(PartFile, total: Int64?, entityTag: String?)
        /// Cut off, with the bytes so far on disk and recorded.
        case cut(Position, TransferFault, hasProgress: Bool)
        /// The bytes that are here are of no use.
        case startOver(TransferFault)
    }

    /// Fetches the file, checks it and records it as fetched.
    func run(from record: AssetRecord?) async throws(TransferFault) -> Fetched {
        var position = Position()
        if let record, record.state == .partial, record.entityTag != nil, record.byteCount > 0 {
            position = Position(offset: record.byteCount, entityTag: record.entityTag)
        }
        var fault = TransferFault.short
        for _ in 0..<max(1, limits.requestCountMax) {
            switch try await round(position) {
            case .whole(let part, let total, let entityTag):
                return try await finish(part, total: total, entityTag: entityTag)
            case .startOver(let why):
                fault = why
                position = Position()
                try await ledger.record(.pending)
            case .cut(let reached, let why, let hasProgress):
                fault = why
                // Without a byte more than before, another request at once would not do better.
                guard hasProgress, reached.entityTag != nil, !Task.isCancelled else { throw why }
                position = reached
            }
        }
        throw fault
    }

    private func round(_ position: Position) async throws(TransferFault) -> Round {
        guard let part = try await open(at: position.offset) else {
            return .startOver(.short)
        }
        let stream: any HTTPClientStream
        do {
            stream = try await provider.content(
                ContentRequest(
                    id: ledger.videoID.rawValue,
                    variant: ledger.variant.name,
                    offset: position.offset,
                    entityTag: position.entityTag,
                    byteCountMax: limits.byteCountMax,
                    totalTimeout: limits.transferTimeout
                )
            )
        } catch {
            if error.status == 416, position.offset > 0 {
                // The bytes that are here may be all there is, whatever was announced of them.
                guard error.contentByteCount == position.offset else {
                    return .startOver(.provider(error))
                }
                return .whole(part, total: position.offset, entityTag: position.entityTag)
            }
            throw .provider(error)
        }
        switch ContentHead(stream.head, offset: position.offset, entityTag: position.entityTag) {
        case .refused(let reason):
            stream.cancel()
            throw .refused(reason)
        case .mismatch:
            stream.cancel()
            guard position.offset > 0 else {
                throw .refused(Reason("unexpected_range", "a part came where the whole was asked"))
            }
            return .startOver(.short)
        case .next(let total):
            return try await receive(stream, into: part, total: total, from: position)
        case .whole(let total):
            let entityTag = ContentHead.entityTag(stream.head)
            let anew = position.offset == 0 ? part : try await open(at: 0)
            guard let anew else { throw .disk(.changed) }
            return try await receive(
                stream,
                into: anew,
                total: total,
                from: Position(offset: 0, entityTag: entityTag)
            )
        }
    }

    private func open(at offset: Int64) async throws(TransferFault) -> PartFile? {
        do {
            return try await staging.open(key, at: offset, with: ticket)
        } catch {
            throw TransferFault(error)
        }
    }

    /// Reads the content to its end and says how that went; the stream is over afterwards.
    private func receive(
        _ stream: any HTTPClientStream,
        into part: PartFile,
        total: Int64?,
        from start: Position
    ) async throws(TransferFault) -> Round {
        var progress = Progress(position: start, uptime: time.uptime())
        do throws(TransferFault) {
            try await makeRoom(for: total, beyond: start.offset, in: part)
            try await record(progress.position, of: part)
            while let bytes = try await next(stream) {
                if let total, part.byteCount + Int64(bytes.count) > total {
                    throw .refused(Reason("length_mismatch", "more came than was announced"))
                }
                if start.offset == 0 { try progress.sniff(bytes, for: ledger.variant) }
                do {
                    try await part.append(bytes)
                } catch {
                    throw TransferFault(error)
                }
                try await checkpointIfDue(part, &progress)
            }
            guard total.map({ part.byteCount >= $0 }) ?? true else { throw .short }
            return .whole(part, total: total, entityTag: start.entityTag)
        } catch {
            stream.cancel()
            switch error {
            case .interrupted, .short:
                try await checkpoint(part, &progress)
                let hasProgress = progress.position.offset > start.offset
                return .cut(progress.position, error, hasProgress: hasProgress)
            case .refused, .otherMedium, .notAsOrdered: throw await refusing(error, part)
            case .provider, .disk, .journal: throw error
            }
        }
    }

    /// What a transfer keeps in mind while it reads.
    private struct Progress {
        /// What is on disk and recorded.
        var position: Position
        var uptime: Duration
        private var head: [UInt8]? = []

        init(position: Position, uptime: Duration) {
            self.position = position
            self.uptime = uptime
        }

        /// Looks at the first bytes as soon as they are here, so that a page of text, or a whole
        /// video in the place of a picture, is not read to its end.
        mutating func sniff(
            _ bytes: [UInt8],
            for variant: Variant
        ) throws(TransferFault) {
            guard var head else { return }
            head += bytes.prefix(MediaInspector.sniffByteCount - head.count)
            guard head.count >= MediaInspector.sniffByteCount else {
                self.head = head
                return
            }
            self.head = nil
            let format: MediaFormat
            do {
                format = try MediaInspector.sniff(head)
            } catch {
                throw TransferFault(error)
            }
            if format.isVideo, !variant.isVideo { throw .otherMedium }
        }
    }

    private func next(_ stream: any HTTPClientStream) async throws(TransferFault) -> [UInt8]? {
        do {
            return try await stream.next()
        } catch {
            switch error {
            case .tooLarge: throw .refused(Reason("too_large"))
            case .invalidURL, .nameNotResolved, .connectionFailed, .destinationRefused,
                .tlsFailed, .timedOut, .interrupted, .malformedResponse, .contentUnreadable,
                .cancelled,
                .overloaded, .transport:
                throw .interrupted(error)
            }
        }
    }

    private func makeRoom(
        for total: Int64?,
        beyond offset: Int64,
        in part: PartFile
    ) async throws(TransferFault) {
        do {
            let total = total ?? offset
            try await staging.makeSure(roomFor: total - offset, of: total, in: part)
        } catch {
            throw TransferFault(error)
        }
    }

    private func checkpointIfDue(
        _ part: PartFile,
        _ progress: inout Progress
    ) async throws(TransferFault) {
        guard progress.position.entityTag != nil,
            part.byteCount - progress.position.offset >= limits.checkpointByteCount,
            time.uptime() - progress.uptime >= limits.checkpointInterval
        else { return }
        try await checkpoint(part, &progress)
    }

    private func checkpoint(
        _ part: PartFile,
        _ progress: inout Progress
    ) async throws(TransferFault) {
        do {
            progress.position.offset = try await part.checkpoint()
        } catch {
            throw TransferFault(error)
        }
        progress.uptime = time.uptime()
        try await record(progress.position, of: part)
    }

    private func record(_ position: Position, of part: PartFile) async throws(TransferFault) {
        try makeSureOfTurn(part)
        try await ledger.record(
            position.offset > 0 ? .partial : .pending,
            byteCount: position.offset,
            entityTag: position.entityTag
        )
    }

    /// Whoever was overtaken records nothing: what it knows is no longer how the part is.
    private func makeSureOfTurn(_ part: PartFile) throws(TransferFault) {
        guard part.isCurrent else { throw .disk(.changed) }
    }

    private func finish(
        _ part: PartFile,
        total: Int64?,
        entityTag: String?
    ) async throws(TransferFault) -> Fetched {
        let whole: (byteCount: Int64, sha256: String)
        let facts: MediaFacts
        do throws(AssetError) {
            whole = try await part.finish(expecting: total)
            facts = try await staging.inspect(key, as: ledger.variant.medium)
        } catch {
            throw await refusing(TransferFault(error), part)
        }
        let found = order?.differences(from: facts, tolerance: limits.durationTolerance) ?? []
        let reason =
            found.isEmpty
            ? nil
            : Reason(Self.notAsOrdered, found.map(\.text).joined(separator: ", "))
        if let reason, limits.refusesDifferences {
            throw await refusing(.notAsOrdered(reason, found.map(\.trait)), part)
        }
        try makeSureOfTurn(part)
        try await ledger.record(
            .fetched,
            byteCount: whole.byteCount,
            sha256: whole.sha256,
            contentType: facts.contentType,
            entityTag: entityTag,
            reason: reason
        )
        return Fetched(byteCount: whole.byteCount, differences: found)
    }

    /// The reason code of a file that is a whole video, and not the one that was ordered.
    static let notAsOrdered = "not_as_ordered"

    /// Lets go of bytes that are not to be kept, so that the next attempt begins anew; the fault
    /// stands whether that succeeds or not.
    private func refusing(_ fault: TransferFault, _ part: PartFile) async -> TransferFault {
        guard part.isCurrent else { return fault }
        switch fault {
        case .refused(let reason), .notAsOrdered(let reason, _):
            try? await ledger.record(.pending, reason: reason)
        case .otherMedium: break
        case .provider, .interrupted, .short, .disk, .journal: return fault
        }
        try? await staging.discard(key, with: ticket)
        return fault
    }
}
