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
    /// What the video was ordered to be.
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

    /// Why an attempt ends before its end, and with which outcome.
    enum Stop: Error {
        /// Our own journal or disk, or we were called off: it says nothing of the provider.
        case ours(Outcome)
        /// What the provider said, or that it said nothing.
        case provider(Outcome)

        var outcome: Outcome {
            switch self {
            case .ours(let outcome), .provider(let outcome): outcome
            }
        }
    }

    mutating func run() async -> Outcome {
        do throws(Stop) {
            try await confirmClaim()
            let open = try await openFiles()
            guard !open.isEmpty else {
                context.leftTargetAlone()
                return .done(note: "every file was there")
            }
            if open.isEnough {
                if let outcome = try await askBriefly() { return outcome }
            } else {
                try await askProvider()
            }
            var notes: [String] = []
            if let video = open.video { notes.append(try await fetchVideo(video)) }
            notes += try await fetchExtras(open.extras)
            return .done(note: notes.joined(separator: ", "))
        } catch {
            if case .ours = error { context.leftTargetAlone() }
            warn(of: error.outcome)
            return error.outcome
        }
    }

    /// Says why the video is not here; who gave up has said so.
    private func warn(of outcome: Outcome) {
        switch outcome {
        case .done, .giveUp: return
        case .retry(_, let reason), .unavailable(_, let reason), .postpone(_, let reason):
            handler.logger.warning("a video is not fetched yet", fields(reason))
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
            throw .ours(.postpone(limits.diskFullWait, reason))
        }
    }

    func openFiles() async throws(Stop) -> OpenFiles {
        let records: [AssetRecord]
        do {
            records = try await driver.assets(provider: event.provider, videoID: videoID)
        } catch {
            throw .ours(journalOutcome(error))
        }
        var open = OpenFiles()
        for variant in handler.variants {
            let record = records.first { $0.variant == variant.name }
            switch record?.state {
            case .stored: open.noteFile()
            case .absent: continue
            case .leaving:
                let reason = Reason("being_deleted", "the file that was stored is about to go")
                throw .ours(.retry(after: .seconds(30), reason))
            case .deleted: open.add(variant, nil)
            case .fetched:
                // The part may be gone while its record is not: somebody cleaned up.
                if let record, try await isStaged(variant, record) {
                    open.noteFile()
                } else {
                    open.add(variant, nil)
                }
            case .pending, .partial, .lost, nil: open.add(variant, record)
            }
        }
        return open
    }

    private func isStaged(_ variant: Variant, _ record: AssetRecord) async throws(Stop) -> Bool {
        guard let key = key(variant) else { throw .ours(.giveUp(Reason("invalid_name"))) }
        do {
            return try await handler.staging.byteCount(key) == record.byteCount
        } catch {
            throw .ours(.retry(Reason(error.code, error.description)))
        }
    }

    private func key(_ variant: Variant) -> PartKey? {
        PartKey(provider: event.provider, videoID: videoID.rawValue, variant: variant.name)
    }

    /// Learns what the provider says of the video now, and goes on only when it is complete.
    private mutating func askProvider() async throws(Stop) {
        let status: VideoStatus
        do {
            status = try await provider.retrieve(videoID.rawValue)
        } catch {
            try await recallExpiry()
            throw await stop(on: error, for: nil)
        }
        order = MediaOrder(try await remember(status.video).ordered, else: status.video)
        switch status.video.status {
        case .completed: return
        case .failed, .cancelled:
            let code = status.video.errorCode.map { "error code \($0)" }
            throw .provider(.giveUp(Reason("provider_says_failed", code)))
        case .expired: throw .provider(await lose(expiryReason))
        case .queued, .inProgress, .other:
            throw .provider(await notReady(asking: status.pollAfter))
        }
    }

    /// Asks a few times, a short while apart, of a video that is here: what is missing beside it
    /// holds it up no longer than that, whatever the provider says.
    ///
    /// - Returns: How the step ends; nil when the provider has the files.
    private mutating func askBriefly() async throws(Stop) -> Outcome? {
        var tries = 0
        while true {
            do throws(Stop) {
                try await askProvider()
                return nil
            } catch {
                guard case .provider(let outcome) = error else { throw error }
                tries += 1
                switch outcome {
                case .done: return outcome
                case .giveUp(let reason): return await lose(reason)
                case .retry(let wait, let reason), .unavailable(let wait, let reason):
                    guard tries < limits.extraTries else { return await lose(reason) }
                    try await pause(wait)
                case .postpone(_, let reason): return await lose(reason)
                }
            }
        }
    }

    /// Waits between two tries for a file that holds nothing up.
    private func pause(_ asked: Duration?) async throws(Stop) {
        do {
            try await handler.time.sleep(for: min(asked ?? .seconds(1), limits.extraWaitMax))
        } catch {
            throw .ours(.retry(Reason("cancelled")))
        }
    }

    private mutating func remember(_ video: VideoObject) async throws(Stop) -> VideoJob {
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
        update.keyPrint = video.keyPrint?.rawValue
        do {
            let job = try await handler.journal.record(update)
            expiresAt = video.expiresAt ?? job.expiresAt
            return job
        } catch {
            throw .ours(journalOutcome(error))
        }
    }

    private mutating func recallExpiry() async throws(Stop) {
        do {
            expiresAt = try await driver.job(provider: event.provider, id: videoID)?.expiresAt
        } catch {
            throw .ours(journalOutcome(error))
        }
    }

    /// Fetches one file.
    private func transfer(_ file: OpenFiles.File) async -> Result<Transfer.Fetched, TransferFault> {
        guard let key = key(file.variant) else { return .failure(.disk(.invalidName)) }
        let transfer = Transfer(
            provider: provider,
            staging: handler.staging,
            ticket: ticket,
            limits: limits,
            time: handler.time,
            ledger: ledger(file.variant),
            key: key,
            order: file.variant.isVideo ? order : nil
        )
        do throws(TransferFault) {
            return .success(try await transfer.run(from: file.record))
        } catch {
            return .failure(error)
        }
    }

    private mutating func fetchVideo(_ file: OpenFiles.File) async throws(Stop) -> String {
        switch await transfer(file) {
        case .success(let fetched): return note(fetched, of: file.variant)
        case .failure(let fault):
            throw await stop(on: fault, for: file.variant)
        }
    }

    /// Fetches what holds nothing up, in rounds with a short wait between them; whatever happens,
    /// each is settled after a few tries.
    ///
    /// All of it is one attempt: between two of them a breaker could hold up the video that is
    /// here.
    private mutating func fetchExtras(
        _ files: [OpenFiles.File]
    ) async throws(Stop) -> [String] {
        var notes: [String] = []
        var open = files
        while !open.isEmpty {
            var left: Set<Variant> = []
            var longest: Duration = .zero
            for file in open {
                switch await transfer(file) {
                case .success(let fetched): notes.append(note(fetched, of: file.variant))
                case .failure(let fault):
                    switch try await extraVerdict(on: fault, for: file.variant) {
                    case .again(let wait, let reason):
                        handler.logger.with(["variant": .string(file.variant.name)])
                            .warning("a file is not fetched yet", fields(reason))
                        left.insert(file.variant)
                        longest = max(longest, wait)
                    case .settled(let end, let reason):
                        try await settle(file.variant, as: end, reason)
                        notes.append("\(file.variant.name) \(end.state.rawValue) (\(reason.code))")
                    }
                }
            }
            guard !left.isEmpty else { return notes }
            try await pause(longest)
            open = try await openFiles().extras.filter { left.contains($0.variant) }
        }
        return notes
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
        guard let key = key(variant) else { return }
        try? await handler.staging.discard(key, with: ticket)
    }

    /// Records that a file will not come, and lets go of what came of it.
    func settle(
        _ variant: Variant,
        as end: End,
        _ reason: Reason
    ) async throws(Stop) {
        do {
            try await ledger(variant).record(end.state, reason: reason)
        } catch {
            guard case .journal(let fault) = error else { return }
            throw .ours(journalOutcome(fault))
        }
        handler.metrics.countFile(end.result)
        await discard(variant)
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
