internal import ReelAssets
internal import ReelEvents
internal import ReelHTTPClient
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

extension FetchAttempt {
    /// How a file ends that will not come.
    enum End {
        /// The provider does not have it, or failed to hand it over.
        case absent
        /// It died with its link, or with the provider's memory of the job.
        case lost

        var state: AssetState {
            switch self {
            case .absent: .absent
            case .lost: .lost
            }
        }

        var result: FetchMetrics.Result {
            switch self {
            case .absent: .absent
            case .lost: .lost
            }
        }
    }

    /// What follows from a fault of a file that nobody waits for.
    enum ExtraVerdict {
        case settled(End, Reason)
        case again(after: Duration, Reason)
    }

    /// What follows from a fault of the video's own file.
    mutating func stop(on fault: TransferFault, for variant: Variant) async -> Stop {
        switch fault {
        case .disk(.diskFull): return .ours(.postpone(limits.diskFullWait, Reason("disk_full")))
        case .disk(.invalidName): return .ours(.giveUp(Reason("invalid_name")))
        case .disk(let error): return .ours(.retry(Reason(error.code, error.description)))
        case .journal(let error): return .ours(journalOutcome(error))
        case .interrupted(.cancelled): return .ours(.retry(Reason("cancelled")))
        case .notAsOrdered(let reason, let traits):
            // The same bytes would come again.
            for trait in traits { handler.metrics.countDifference(trait) }
            return .provider(.giveUp(reason))
        case .provider(let error): return await stop(on: error, for: variant)
        case .interrupted(let error):
            let reason = Reason("transfer_" + error.code, error.description)
            return .provider(.retry(after: soonEnough(nil), reason))
        case .refused(let reason): return .provider(await refused(reason, variant))
        case .short, .otherMedium:
            let reason = Reason("transfer_short", "less came than was announced")
            return .provider(.retry(after: soonEnough(nil), reason))
        }
    }

    /// A thumbnail or spritesheet: at an end at once where the provider says no, or after a few
    /// tries.
    mutating func extraVerdict(
        on fault: TransferFault,
        for variant: Variant
    ) async throws(Stop) -> ExtraVerdict {
        let reason: Reason
        var asked: Duration?
        switch fault {
        case .journal(let error): throw .ours(journalOutcome(error))
        case .interrupted(.cancelled): throw .ours(.retry(Reason("cancelled")))
        case .provider(let error) where error.kind == .cancelled:
            throw .ours(.retry(Reason("cancelled")))
        case .provider(let error):
            guard error.kind != .expired else { return .settled(.lost, expiryReason) }
            guard error.mayRetry else {
                return .settled(.absent, Reason("variant_unavailable", error.description))
            }
            reason = Reason("provider_" + error.kind.rawValue, error.description)
            asked = error.retryAfter
        case .otherMedium:
            let text = "a video came in its place"
            return .settled(.absent, Reason("variant_unavailable", text))
        case .interrupted(let error): reason = Reason("transfer_" + error.code)
        case .refused(let why): reason = why
        case .short, .notAsOrdered: reason = Reason("transfer_short")
        case .disk(let error): reason = Reason(error.code, error.description)
        }
        guard await count(variant.name) < limits.extraTries else {
            return .settled(.absent, reason)
        }
        return .again(after: min(asked ?? .seconds(1), limits.extraWaitMax), reason)
    }

    /// What follows when the provider does not answer with the video, or with its content.
    ///
    /// What is the provider's fault, or an operator's to mend, meets every video alike: such an
    /// event waits as in an outage, and the video's own tries are left for its own faults.
    mutating func stop(on error: ProviderError, for variant: Variant?) async -> Stop {
        let reason = Reason("provider_" + error.kind.rawValue, error.description)
        // The videos of the provider's other keys fare better, so it is this one's own fault.
        if error.isOfOneKey {
            return .provider(.retry(after: soonEnough(error.retryAfter), reason))
        }
        switch error.kind.party {
        case .service: return .ours(.retry(Reason("cancelled")))
        case .user where error.kind == .notFound: return await forgotten()
        case .user where error.mayRetry:
            return .provider(.retry(after: soonEnough(error.retryAfter), reason))
        case .user:
            return .provider(await refused(Reason("provider_refused", error.description), variant))
        case .provider where error.kind == .expired: return .provider(await expire())
        // Of a provider that told of the video: it may be this file that it cannot send.
        case .provider where error.kind == .interrupted && variant != nil:
            return .provider(.retry(after: soonEnough(error.retryAfter), reason))
        case .provider, .operator:
            return .provider(.unavailable(after: error.retryAfter, reason))
        }
    }

    private mutating func refused(_ reason: Reason, _ variant: Variant?) async -> Outcome {
        guard await count(variant?.name ?? "status") < limits.refusedTries else {
            handler.logger.error("a video is given up", fields(reason))
            return .giveUp(reason)
        }
        return .retry(after: soonEnough(nil), reason)
    }

    /// A video that is not complete after all; each time it is left alone for longer, since one
    /// part of a provider may lag far behind another.
    mutating func notReady(asking pollAfter: Duration?) async -> Outcome {
        let doublings = min(await count("not_ready") - 1, 16)
        let grown = min(limits.notReadyWait * (1 << doublings), limits.notReadyWaitMax)
        let wait = max(pollAfter ?? grown, .milliseconds(100))
        let reason = Reason("not_ready_yet", "the provider does not call it complete")
        return .retry(after: soonEnough(wait), reason)
    }

    /// A 404: the link has died, or the provider has lost its memory, or a replica of it is new.
    ///
    /// A 404 and our clock are two witnesses of a link's death: no grace.
    private mutating func forgotten() async -> Stop {
        if let expiresAt, expiresAt <= handler.time.now() { return .provider(await expire()) }
        let reason = Reason("forgotten_by_provider", "the provider does not know the video")
        guard await count("forgotten") < limits.forgottenTries else {
            return .provider(await lose(reason))
        }
        return .provider(.retry(after: soonEnough(limits.notReadyWait), reason))
    }

    /// What an attempt comes to in the end: when the link is dead there is no later one.
    ///
    /// Our clock is the only witness here, so it is believed after the grace.
    func ended(_ outcome: Outcome) async -> Outcome {
        switch outcome {
        case .done, .giveUp: return outcome
        case .retry, .unavailable, .postpone:
            guard let expiresAt, expiresAt + limits.expiryGrace <= handler.time.now() else {
                return outcome
            }
            return await expire()
        }
    }

    var expiryReason: Reason {
        Reason("expired", expiresAt.map { "the link died at \($0)" } ?? "the link has died")
    }

    /// The link died before every file was here.
    private func expire() async -> Outcome { await lose(expiryReason) }

    /// Gives up the files that are not here.
    ///
    /// The event goes on with those that are when they are enough, and is given up otherwise.
    func lose(_ reason: Reason) async -> Outcome {
        do throws(Stop) {
            let open = try await openFiles()
            guard !open.isEmpty else { return .done(note: "every file was there") }
            for file in open.all { try await settle(file.variant, as: .lost, reason) }
            guard open.isEnough else {
                handler.logger.error("a video is lost", fields(reason))
                return .giveUp(reason)
            }
            // That the step is done is no word of a provider that may be out.
            context.leftTargetAlone()
            handler.logger.warning("a video goes on without files that are lost", fields(reason))
            let names = open.all.map(\.variant.name).joined(separator: ", ")
            return .done(note: "\(names) lost (\(reason.code))")
        } catch {
            return error.outcome
        }
    }

    /// What a line of the log says of a reason, with what an operator can do about a fault of the
    /// provider.
    func fields(_ reason: Reason) -> KeyValuePairs<String, LogValue> {
        let kind = ProviderError.Kind(reasonCode: reason.code, detail: reason.detail)
        guard let kind else {
            return [
                "video.id": .string(videoID.rawValue), "provider": .string(event.provider),
                "reason": .string(reason.logText),
            ]
        }
        return [
            "video.id": .string(videoID.rawValue), "provider": .string(event.provider),
            "reason": .string(reason.logText), "advice": .string(kind.operatorMessage),
        ]
    }

    /// Counts a fault across attempts; one that cannot be saved counts for this attempt only.
    private mutating func count(_ name: String) async -> Int {
        let count = tries.count(name)
        try? await context.save(checkpoint: tries.checkpoint)
        return count
    }

    /// The wait asked for, cut short where the link would die before several more tries; nil
    /// leaves it to the step's policy.
    func soonEnough(_ wait: Duration?) -> Duration? {
        guard let expiresAt else { return wait }
        let left = expiresAt - handler.time.now()
        guard left > .zero, left < limits.hurryBefore else { return wait }
        let longest = max(.seconds(1), left / 8)
        return min(wait ?? longest, longest)
    }

    func journalOutcome(_ error: JournalError) -> Outcome {
        .postpone(error, whenFull: limits.diskFullWait)
    }
}
