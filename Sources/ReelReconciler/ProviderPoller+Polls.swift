internal import ReelEvents
internal import ReelJSON
internal import ReelJournal
internal import ReelObservability
internal import ReelProviders
internal import ReelRuntime

extension ProviderPoller {
    /// Asks about one job and records the answer.
    func retrieve(_ id: VideoID) async {
        do throws(ProviderError) {
            let status = try await provider.retrieve(id.rawValue)
            // An answer about something else is none.
            guard status.video.id == id.rawValue else { throw ProviderError(.unexpectedShape) }
            metrics.countCall("retrieve", nil)
            noteAnswer()
            await tell(id, status.video, wish: status.pollAfter)
        } catch {
            metrics.countCall("retrieve", error)
            await noteFailure(error, of: id)
        }
        state.withLock { $0.book.retrieveEnds(id) }
        bell.ring()
    }

    /// Asks about many jobs at once, by the pages of the provider's list.
    func pollByList(_ ids: [VideoID]) async {
        var wanted = Set(ids)
        do throws(ProviderError) {
            let pages = ListPages(provider, configuration, metrics)
            try await pages.read(atMost: configuration.pollPageCountMax) { video in
                guard let id = VideoID(video.id), self.isOpen(id) else { return }
                wanted.remove(id)
                await self.tell(id, video, wish: nil)
            } enough: { _ in
                wanted.isEmpty
            }
            noteAnswer()
        } catch {
            noteListFailure(error)
        }
        let uptime = time.uptime()
        let unlisted = wanted
        state.withLock { state in
            // What an outage kept from being read is no reason to ask for each.
            let left = state.book.isOut ? [] : unlisted
            state.book.listEnds(asked: ids, unlisted: left, at: uptime)
        }
        bell.ring()
    }

    func isOpen(_ id: VideoID) -> Bool { state.withLock { $0.book.isOpen(id) } }

    /// Writes down what the provider says of an open job.
    func tell(_ id: VideoID, _ video: VideoObject, wish: Duration?) async {
        do {
            switch Finding(video, at: time.now()) {
            case .underway:
                let answer = video.json.hashValue
                if state.withLock({ $0.book.isNews(id, answer) }) {
                    try await journal.record(news(of: id, video).update(at: time.now()))
                }
                let (now, uptime) = (time.now(), time.uptime())
                let isOver = state.withLock {
                    $0.book.answered(id, answer, wish: wish, now: now, at: uptime)
                }
                if isOver { await lose(id, Reason("poll_deadline")) }
            case .ended(let terminal, let moment, let reason):
                // A webhook may have told meanwhile; the journal would call this seen again.
                guard isOpen(id) else { return }
                try await observe(id, video, terminal, at: moment, reason)
            case .lost(let reason):
                try await journal.record(news(of: id, video).update(at: time.now()))
                await lose(id, reason)
            }
        } catch {
            note(error)
            let uptime = time.uptime()
            state.withLock { $0.book.notRecorded(id, at: uptime) }
        }
    }

    /// Appends an end as an observation, then what else the provider says of it.
    func observe(
        _ id: VideoID,
        _ video: VideoObject,
        _ terminal: TerminalState,
        at moment: Timestamp,
        _ reason: Reason?
    ) async throws(JournalError) {
        let outcome = try await news(of: id, video).recordEnd(
            terminal,
            at: moment,
            reason,
            in: journal,
            now: time.now()
        )
        metrics.countObservation(outcome)
        let uptime = time.uptime()
        state.withLock { state in
            if case .appended(let sequence) = outcome {
                state.health.pollWasFirst(sequence, at: uptime)
                if state.untold.count < configuration.openJobCountMax {
                    state.untold.append((id, uptime))
                }
            }
            state.book.ended(id)
        }
        logger.info(
            "end of a video found by asking",
            ["video.id": .string(id.rawValue), "video.state": .string(terminal.rawValue)]
        )
        if case .contradiction = outcome {
            logger.warning(
                "the provider contradicts what it said before",
                ["video.id": .string(id.rawValue), "video.state": .string(terminal.rawValue)]
            )
        }
    }

    func news(of id: VideoID, _ video: VideoObject) -> ProviderNews {
        ProviderNews(video, of: id, at: name, origin: .list)
    }

    /// Gives a job up; a webhook that comes later still counts.
    func lose(_ id: VideoID, _ reason: Reason) async {
        guard isOpen(id) else { return }
        var update = JobUpdate(provider: name, id: id, origin: .list, moment: time.now())
        update.state = .lost
        update.reason = reason
        do {
            try await journal.record(update)
        } catch {
            note(error)
            let uptime = time.uptime()
            return state.withLock { $0.book.notRecorded(id, at: uptime) }
        }
        state.withLock { $0.book.ended(id) }
        metrics.countLost(reason)
        logger.warning(
            "video given up",
            ["video.id": .string(id.rawValue), "reason": .string(reason.logText)]
        )
    }

    // MARK: How the provider is doing

    func noteAnswer() {
        guard state.withLock({ $0.book.noteAnswer() }) else { return }
        metrics.isOut.set(0)
        logger.info("the provider answers again")
    }

    private func noteFailure(_ error: ProviderError, of id: VideoID) async {
        // One key that is refused holds up the videos that it made, and no others.
        let fault = error.isOfOneKey ? .call : ProviderFault(error.kind)
        if fault != .outage, error.status != nil { noteAnswer() }
        let (now, uptime) = (time.now(), time.uptime())
        let (wasOut, action) = state.withLock { state in
            let wasOut = state.book.isOut
            let action = state.book.failed(
                id,
                fault,
                retryAfter: error.retryAfter,
                now: now,
                at: uptime
            )
            return (wasOut, action)
        }
        if fault == .outage {
            if !wasOut { logOutage(error) }
        } else if fault != .cancelled {
            logger.warning(
                "poll refused",
                [
                    "video.id": .string(id.rawValue), "reason": .string(error.kind.rawValue),
                    "advice": .string(error.operatorMessage),
                ]
            )
        }
        if case .lose(let reason) = action { await lose(id, reason) }
    }

    /// Takes a list that could not be read: an outage for all, or a server without lists.
    func noteListFailure(_ error: ProviderError) {
        let fault = ProviderFault(error.kind)
        let uptime = time.uptime()
        switch fault {
        case .outage:
            let isFirst = state.withLock {
                $0.book.noteOutage(retryAfter: error.retryAfter, at: uptime)
            }
            if isFirst { logOutage(error) }
        case .unknownVideo, .expiredVideo, .call:
            state.withLock { $0.book.listIsNoUse(at: uptime) }
            logger.warning(
                "the provider's list cannot be read",
                [
                    "reason": .string(error.kind.rawValue),
                    "advice": .string(error.operatorMessage),
                ]
            )
        case .cancelled:
            break
        }
    }

    private func logOutage(_ error: ProviderError) {
        metrics.isOut.set(1)
        logger.warning(
            "the provider does not answer",
            [
                "reason": .string(error.kind.rawValue), "http.status": .integer(error.status ?? 0),
                "advice": .string(error.operatorMessage),
            ]
        )
    }
}
