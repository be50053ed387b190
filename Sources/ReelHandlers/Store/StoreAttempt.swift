internal import ReelAssets
internal import ReelEvents
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// One attempt to store a video's files.
struct StoreAttempt {
    let handler: StoreHandler
    let event: Event
    let videoID: VideoID
    let context: HandlerContext

    private var driver: any JournalDriver { handler.journal.driver }

    func run() async throws(StoreFault) -> Outcome {
        var records = try await self.records()
        let waiting = records.filter { $0.state == .fetched }
        guard records.contains(where: { $0.state == .fetched || $0.state == .stored }) else {
            throw .nothing
        }
        var notes = MediaNotes(context.checkpoint)
        if !waiting.isEmpty {
            // Before the first file moves, since what it is cannot be read from there.
            try await note(waiting, in: &notes)
            for record in waiting { try await put(record) }
            records = try await self.records()
        }
        let isWritten = try await writeManifest(records, notes, isNeeded: !waiting.isEmpty)
        let stored = records.filter { $0.state == .stored }.map(\.variant)
        return .done(note: StoreNote.text(stored, hasNews: !waiting.isEmpty || isWritten))
    }

    private func records() async throws(StoreFault) -> [AssetRecord] {
        do {
            return try await driver.assets(provider: event.provider, videoID: videoID)
        } catch {
            throw .journal(error)
        }
    }

    private func note(
        _ records: [AssetRecord],
        in notes: inout MediaNotes
    ) async throws(StoreFault) {
        var isNew = false
        for record in records {
            guard let sha256 = record.sha256, notes.notes[sha256] == nil else { continue }
            let medium = Variant(name: record.variant).medium
            do throws(AssetError) {
                notes.add(try await handler.staging.inspect(key(record), as: medium), of: sha256)
                isNew = true
            } catch {
                // A file that was put before a crash is here no more; the put will recognise it.
                guard error == .missing else { throw .asset(error) }
            }
        }
        guard isNew else { return }
        do {
            try await context.save(checkpoint: notes.checkpoint)
        } catch {
            throw .context
        }
    }

    private func key(_ record: AssetRecord) throws(AssetError) -> PartKey {
        guard
            let key = PartKey(
                provider: event.provider,
                videoID: videoID.rawValue,
                variant: record.variant
            )
        else { throw .invalidName }
        return key
    }

    private func put(_ record: AssetRecord) async throws(StoreFault) {
        let name = Variant(name: record.variant).fileName(contentType: record.contentType)
        let place = AssetKey(videoID: videoID.rawValue, fileName: name)
        do throws(AssetError) {
            guard let sha256 = record.sha256, let contentType = record.contentType else {
                throw .changed
            }
            let staged = StagedFile(
                path: handler.staging.path(try key(record)),
                byteCount: record.byteCount,
                sha256: sha256,
                contentType: contentType
            )
            _ = try await handler.store.put(staged, as: place)
        } catch {
            if error == .missing || error == .changed { try await forget(record, error) }
            throw .asset(error)
        }
        var stored = record
        stored.state = .stored
        stored.location = place.path
        // What it was found to differ in from its order goes with the file.
        if stored.reason?.code != Transfer.notAsOrdered { stored.reason = nil }
        stored.updatedAt = handler.time.now()
        try await self.record(stored)
    }

    /// The staged file is gone or damaged: it is to be fetched again, by a replay of the event.
    private func forget(_ record: AssetRecord, _ error: AssetError) async throws(StoreFault) {
        var pending = record
        pending.state = .pending
        pending.byteCount = 0
        pending.sha256 = nil
        pending.entityTag = nil
        pending.reason = Reason(error.code, "replay the event to fetch it again")
        pending.updatedAt = handler.time.now()
        try await self.record(pending)
    }

    private func record(_ record: AssetRecord) async throws(StoreFault) {
        do {
            try await driver.record(record)
        } catch {
            throw .journal(error)
        }
    }

    /// Writes what is known of the files beside them.
    ///
    /// - Returns: Whether it was written: not when nothing changed and there is one.
    private func writeManifest(
        _ records: [AssetRecord],
        _ known: MediaNotes,
        isNeeded: Bool
    ) async throws(StoreFault) -> Bool {
        let key = AssetKey(videoID: videoID.rawValue, fileName: Manifest.fileName)
        let earlier: [UInt8]?
        do throws(AssetError) {
            let reader = try await handler.store.open(key)
            earlier = try await reader?.read(at: 0, count: 1 << 20)
        } catch {
            throw .asset(error)
        }
        // A crash may have come between the last record and the manifest: it then lacks a file.
        let isComplete = records.allSatisfy { record in
            record.state != .stored || MediaNotes(earlier).notes[record.sha256 ?? ""] != nil
        }
        guard isNeeded || earlier == nil || !isComplete else { return false }
        var notes = known
        notes.add(MediaNotes(earlier))
        let manifest = try await manifest(records, notes)
        do {
            _ = try await handler.store.write(manifest.json.serialized(indent: 2), as: key)
        } catch {
            throw .asset(error)
        }
        return true
    }

    private func manifest(
        _ records: [AssetRecord],
        _ notes: MediaNotes
    ) async throws(StoreFault) -> Manifest {
        var manifest = Manifest(
            provider: event.provider,
            videoID: videoID.rawValue,
            cause: Manifest.Cause(
                sequence: event.sequence,
                type: event.type.name,
                origin: event.origin.rawValue,
                eventID: event.id,
                webhookID: event.webhookID
            )
        )
        let job: VideoJob?
        do {
            job = try await driver.job(provider: event.provider, id: videoID)
        } catch {
            throw .journal(error)
        }
        let object = job?.object.flatMap { try? JSONParser.parse($0) }
        manifest.object = object
        manifest.createdAt = moment(object, "created_at")
        manifest.completedAt = moment(object, "completed_at") ?? event.occurredAt
        manifest.expiresAt = job?.expiresAt
        for record in records {
            switch record.state {
            case .stored: manifest.files.append(file(record, notes))
            case .absent, .lost:
                manifest.absences.append(
                    Manifest.Absence(variant: record.variant, reason: record.reason?.description)
                )
            case .pending, .partial, .fetched, .leaving, .deleted: continue
            }
        }
        return manifest
    }

    private func file(_ record: AssetRecord, _ notes: MediaNotes) -> Manifest.File {
        let name = record.location?.split(separator: "/").last.map(String.init)
        var file = Manifest.File(
            variant: record.variant,
            name: name ?? record.variant,
            contentType: record.contentType ?? "application/octet-stream",
            byteCount: record.byteCount,
            sha256: record.sha256 ?? "",
            storedAt: record.updatedAt
        )
        let note = record.sha256.flatMap { notes.notes[$0] }
        file.duration = note?.duration
        file.width = note?.width
        file.height = note?.height
        if let reason = record.reason, reason.code == Transfer.notAsOrdered {
            file.difference = reason.detail
        }
        return file
    }

    private func moment(_ object: JSONValue?, _ name: String) -> Timestamp? {
        object?[name]?.double.flatMap { Int64(exactly: $0.rounded(.down)) }
            .map { Timestamp(secondsSinceEpoch: $0) }
    }
}
