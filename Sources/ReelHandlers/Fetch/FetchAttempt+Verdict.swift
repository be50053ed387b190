internal import ReelAssets
internal import ReelEvents
internal import ReelHTTPClient
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

extension FetchAttempt {
    /// What follows from a fault.
    enum Verdict {
        /// The provider does not have this file, and nobody waits for it.
        case absent(Reason)
        case outcome(Outcome)
    }

    mutating func verdict(on fault: TransferFault, for variant: Variant) async -> Verdict {
        switch fault {
        case .disk(.diskFull):
            return .outcome(.postpone(limits.diskFullWait, Reason("disk_full")))
        case .disk(let error):
            return .outcome(.retry(Reason(error.code, error.description)))
        case .journal(let error): return .outcome(journalOutcome(error))
        case .interrupted(.cancelled): return .outcome(.retry(Reason("cancelled")))
        case .notAsOrdered(let reason, let traits):
            // The same bytes would come again.
            for trait in traits { handler.metrics.countDifference(trait) }
            return .outcome(.giveUp(reason))
        case .provider, .interrupted, .short, .refused, .otherMedium: break
        }
        guard variant.isVideo else { return await extraVerdict(on: fault, for: variant) }
        switch fault {
        case .provider(let error): return .outcome(await outcome(of: error, for: variant))
        case .interrupted(let error):
            let reason = Reason("transfer_" + error.code, error.description)
            return .outcome(.retry(after: soonEnough(nil), reason))
        case .refused(let reason): return .outcome(await refused(reason, variant))
        case .short, .otherMedium, .notAsOrdered, .disk, .journal:
            let reason = Reason("transfer_short", "less came than was announced")
            return .outcome(.retry(after: soonEnough(nil), reason))
        }
    }

    /// A thumbnail or spritesheet: absent at once where the provider says no, or after a few tries.
    private mutating func extraVerdict(
        on fault: TransferFault,
        for variant: Variant
    ) async -> Verdict {
        let (reason, wait) = extraReason(fault)
        guard let reason else {
            return .absent(Reason("variant_unavailable", fault.providerText))
        }
        guard await count(variant.name) < limits.extraTries else { return .absent(reason) }
        let bounded = min(wait ?? .seconds(1), limits.extraWaitMax)
        return .outcome(.retry(after: soonEnough(bounded), reason))
    }

    /// Why a file may still come, and what the server asked us to wait; no reason when it will
    /// not.
    private func extraReason(_ fault: TransferFault) -> (Reason?, Duration?) {
        switch fault {
        case .provider(let error):
            let reason = Reason("provider_" + error.kind.rawValue, error.description)
            return error.mayRetry ? (reason, error.retryAfter) : (nil, nil)
        case .interrupted(let error): return (Reason("transfer_" + error.code), nil)
        case .refused(let reason): return (reason, nil)
        case .otherMedium: return (nil, nil)
        case .short, .notAsOrdered, .disk, .journal: return (Reason("transfer_short"), nil)
        }
    }

    /// What follows when the provider does not answer with the video, or with its content.
    mutating func outcome(of error: ProviderError, for variant: Variant?) async -> Outcome {
        let reason = Reason("provider_" + error.kind.rawValue, error.description)
        switch error.kind {
        case .notFound: return await forgotten(variant)
        case .expired: return await lose()
        case .unauthorized, .forbidden, .billing, .quotaExceeded, .tls, .destinationRefused,
            .redirected:
            // Until an operator has seen to it; every attempt would fail alike.
            let wait = max(error.retryAfter ?? .zero, limits.refusedKeyWait)
            return .retry(after: soonEnough(wait), reason)
        case .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding,
            .modelNotFound, .tooLarge:
            return await refused(Reason("provider_refused", error.description), variant)
        case .unreachable, .timedOut, .rateLimited, .overloaded, .serverError, .gatewayError:
            return .unavailable(after: error.retryAfter, reason)
        // Of a provider that answered: it may be this file that it cannot send.
        case .interrupted, .conflict, .notReady, .notJSON, .unexpectedShape:
            return .retry(after: soonEnough(error.retryAfter), reason)
        case .cancelled: return .retry(Reason("cancelled"))
        }
    }

    private mutating func refused(_ reason: Reason, _ variant: Variant?) async -> Outcome {
        guard await count(variant?.name ?? "status") < limits.refusedTries else {
            return .giveUp(reason)
        }
        return .retry(after: soonEnough(nil), reason)
    }

    /// A 404: the link has died, or the provider has lost its memory, or a replica of it is new.
    ///
    /// A 404 and our clock are two witnesses of a link's death: no grace.
    private mutating func forgotten(_ variant: Variant?) async -> Outcome {
        if let expiresAt, expiresAt <= handler.time.now() { return await lose() }
        let reason = Reason("forgotten_by_provider", "the provider does not know the video")
        guard await count("forgotten") < limits.forgottenTries else {
            await mark(.lost, reason)
            return .giveUp(reason)
        }
        return .retry(after: soonEnough(limits.notReadyWait), reason)
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
            return await lose()
        }
    }

    /// The link died before the file was here.
    func lose() async -> Outcome {
        let text = expiresAt.map { "the link died at \($0)" } ?? "the link has died"
        let reason = Reason("expired", text)
        await mark(.lost, reason)
        handler.logger.error(
            "a video expired before it was saved",
            ["video.id": .string(videoID.rawValue), "provider": .string(event.provider)]
        )
        return .giveUp(reason)
    }

    /// Records the end of every file that is not here; the run's own reason says it too, so a
    /// journal that fails now takes nothing away.
    private func mark(_ state: AssetState, _ reason: Reason) async {
        let driver = handler.journal.driver
        let records = try? await driver.assets(provider: event.provider, videoID: videoID)
        for variant in handler.variants {
            switch records?.first(where: { $0.variant == variant.name })?.state {
            case .fetched, .stored, .absent, .leaving, .deleted: continue
            case .pending, .partial, .lost, nil:
                try? await ledger(variant).record(state, reason: reason)
                if state == .lost { handler.metrics.countFile(.lost) }
                await discard(variant)
            }
        }
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

extension TransferFault {
    /// What the provider answered, in words that are safe to record.
    fileprivate var providerText: String? {
        switch self {
        case .provider(let error): error.description
        case .otherMedium: "a video came in its place"
        case .interrupted, .short, .refused, .notAsOrdered, .disk, .journal: nil
        }
    }
}
