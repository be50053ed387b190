internal import ReelAssets
internal import ReelEvents
internal import ReelJSON
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

/// One attempt to fetch a video's files.
struct FetchAttempt {
    let handler: FetchHandler
    let provider: any VideoProvider
    let event: Event
    let videoID: VideoID
    let context: HandlerContext
    var tries: FetchTries
    /// When the link dies, as far as anybody said so.
    var expiresAt: Timestamp?
    /// What the video was ordered to be, as the provider says it now.
    private var order = MediaOrder()
    let ticket: StagingTicket

    init(
        handler: FetchHandler,
        provider: any VideoProvider,
        event: Event,
        videoID: VideoID,
        context: HandlerContext
    ) {
        self.handler = handler
        self.provider = provider
        self.event = event
        self.videoID = videoID
        self.context = context
        tries = FetchTries(context.checkpoint)
        ticket = handler.staging.drawTicket()
    }

    var limits: FetchLimits { handler.limits }
    private var driver: any JournalDriver { handler.journal.driver }

    /// An outcome that ends the attempt before its end.
    struct Stop: Error {
        let outcome: Outcome
    }

    mutating func run() async -> Outcome {
        do throws(Stop) {
            try await confirmClaim()
            let open = try await openVariants()
            guard !open.isEmpty else { return .done(note: "every file was there") }
            try await askProvider()
            return try await fetch(open)
        } catch {
            return error.outcome
        }
    }

    /// Makes sure, now that the ticket is drawn, that nobody has taken the step over: whoever does
    /// it from here on draws a later one.
    private func confirmClaim() async throws(Stop) {
        do {
            try await context.save(checkpoint: tries.checkpoint)
        } catch {
            // Of a claim that is lost nobody asks for an outcome.
            let reason = Reason("claim_not_confirmed", "the journal could not be asked")
            throw Stop(outcome: .postpone(limits.diskFullWait, reason))
        }
    }

    /// The variants that are still to be had, with what is recorded of them.
    private func openVariants() async throws(Stop) -> [(Variant, AssetRecord?)] {
        let records: [AssetRecord]
        do {
            records = try await driver.assets(provider: event.provider, videoID: videoID)
        } catch {
            throw Stop(outcome: journalOutcome(error))
        }
        var open: [(Variant, AssetRecord?)] = []
        for variant in handler.variants {
            let record = records.first { $0.variant == variant.name }
            switch record?.state {
            case .stored, .absent: continue
            case .leaving:
                let reason = Reason("being_deleted", "the file that was stored is about to go")
                throw Stop(outcome: .retry(after: .seconds(30), reason))
            case .deleted: open.append((variant, nil))
            case .fetched:
                // The part may be gone while its record is not: somebody cleaned up.
                if let record, try await isStaged(variant, record) { continue }
                open.append((variant, nil))
            case .pending, .partial, .lost, nil: open.append((variant, record))
            }
        }
        return open
    }

    private func isStaged(_ variant: Variant, _ record: AssetRecord) async throws(Stop) -> Bool {
        let key = try key(variant)
        do {
            return try await handler.staging.byteCount(key) == record.byteCount
        } catch {
            throw Stop(outcome: .retry(Reason(error.code, error.description)))
        }
    }

    private func key(_ variant: Variant) throws(Stop) -> PartKey {
        guard
            let key = PartKey(
                provider: event.provider,
                videoID: videoID.rawValue,
                variant: variant.name
            )
        else { throw Stop(outcome: .giveUp(Reason("invalid_name"))) }
        return key
    }

    /// Learns what the provider says of the video now, and goes on only when it is complete.
    private mutating func askProvider() async throws(Stop) {
        let status: VideoStatus
        do {
            status = try await provider.retrieve(videoID.rawValue)
        } catch {
            try await recallExpiry()
            throw Stop(outcome: await outcome(of: error, for: nil))
        }
        try await remember(status.video)
        order = MediaOrder(status.video)
        switch status.video.status {
        case .completed: return
        case .failed, .cancelled:
            let code = status.video.errorCode.map { "error code \($0)" }
            throw Stop(outcome: .giveUp(Reason("provider_says_failed", code)))
        case .expired: throw Stop(outcome: await lose())
        case .queued, .inProgress, .other:
            let wait = max(status.pollAfter ?? limits.notReadyWait, .milliseconds(100))
            let reason = Reason("not_ready_yet", "the provider does not call it complete")
            throw Stop(outcome: .retry(after: soonEnough(wait), reason))
        }
    }

    private mutating func remember(_ video: VideoObject) async throws(Stop) {
        var update = JobUpdate(
            provider: event.provider,
            id: videoID,
            origin: .event,
            moment: handler.time.now()
        )
        // Named, so that what is told of an ended video is not taken for late news of an open one.
        switch video.status {
        case .completed, .expired: update.state = .completed
        case .failed, .cancelled: update.state = .failed
        case .queued, .inProgress, .other: break
        }
        update.status = video.json["status"]?.string
        update.progress = video.progress
        update.object = video.json.serialized()
        update.expiresAt = video.expiresAt
        do {
            let job = try await handler.journal.record(update)
            expiresAt = video.expiresAt ?? job.expiresAt
        } catch {
            throw Stop(outcome: journalOutcome(error))
        }
    }

    private mutating func recallExpiry() async throws(Stop) {
        do {
            expiresAt = try await driver.job(provider: event.provider, id: videoID)?.expiresAt
        } catch {
            throw Stop(outcome: journalOutcome(error))
        }
    }

    private mutating func fetch(_ open: [(Variant, AssetRecord?)]) async throws(Stop) -> Outcome {
        var notes: [String] = []
        var later: Outcome?
        for (variant, record) in open {
            let ledger = ledger(variant)
            let transfer = Transfer(
                provider: provider,
                staging: handler.staging,
                ticket: ticket,
                limits: limits,
                time: handler.time,
                ledger: ledger,
                key: try key(variant),
                order: variant.isVideo ? order : nil
            )
            do throws(TransferFault) {
                notes.append(note(try await transfer.run(from: record), of: variant))
            } catch {
                let verdict = await verdict(on: error, for: variant)
                switch verdict {
                case .absent(let reason):
                    try await settle(ledger, .absent, reason)
                    await discard(variant)
                    handler.metrics.countFile(.absent)
                    notes.append("\(variant.name) absent (\(reason.code))")
                case .outcome(let outcome):
                    handler.logger.warning(
                        "a file is not fetched yet",
                        [
                            "video.id": .string(videoID.rawValue),
                            "variant": .string(variant.name),
                            "reason": .string(outcome.reason?.description ?? ""),
                        ]
                    )
                    if variant.isVideo { return outcome }
                    later = outcome
                }
            }
        }
        return later ?? .done(note: notes.joined(separator: ", "))
    }

    /// Counts a file that is here, and says so when it is not what was ordered.
    private func note(_ file: Transfer.Fetched, of variant: Variant) -> String {
        handler.metrics.countFile(.fetched, byteCount: file.byteCount)
        let note = "\(variant.name) \(file.byteCount) bytes"
        guard !file.differences.isEmpty else { return note }
        for difference in file.differences { handler.metrics.countDifference(difference.trait) }
        let text = file.differences.map(\.text).joined(separator: ", ")
        handler.logger.warning(
            "a video is not what was ordered",
            ["video.id": .string(videoID.rawValue), "difference": .string(text)]
        )
        return note + " (" + text + ")"
    }

    func ledger(_ variant: Variant) -> AssetLedger {
        AssetLedger(
            driver: driver,
            time: handler.time,
            provider: event.provider,
            videoID: videoID,
            variant: variant
        )
    }

    /// Removes what came of a file that will not be whole; what cannot be removed now goes with
    /// the orphans.
    func discard(_ variant: Variant) async {
        guard let key = try? key(variant) else { return }
        try? await handler.staging.discard(key, with: ticket)
    }

    private func settle(
        _ ledger: AssetLedger,
        _ state: AssetState,
        _ reason: Reason
    ) async throws(Stop) {
        do {
            try await ledger.record(state, reason: reason)
        } catch {
            guard case .journal(let fault) = error else { return }
            throw Stop(outcome: journalOutcome(fault))
        }
    }
}

extension Outcome {
    /// Why it is not done; nil when it is.
    var reason: Reason? {
        switch self {
        case .done: nil
        case .retry(_, let reason), .unavailable(_, let reason), .postpone(_, let reason),
            .giveUp(let reason):
            reason
        }
    }
}
