internal import ReelRuntime

/// The one place where everything that happened is written first.
///
/// It hands every call to its driver and tells whoever follows along that there is something new:
/// a wake-up is a hint without content, and the entries are the truth.
package final class Journal: Sendable {
    package let driver: any JournalDriver
    package let leaseClock = LeaseClock()
    private let followers = Locked(Followers())
    private let planner = Locked<(any EventPlanner)?>(nil)

    /// What a follower wants to be woken for.
    package enum Interest: Sendable, Hashable {
        /// Whatever changes.
        case everything
        /// What may have made work for a dispatcher.
        case work
        /// What may be news of a video.
        case videos
    }

    private struct Followers {
        var next = 0
        var continuations: [Int: (interest: Interest, AsyncStream<Void>.Continuation)] = [:]
    }

    package init(driver: any JournalDriver) {
        self.driver = driver
    }

    /// Takes who plans events as they are appended; who was there before does it no longer.
    package func planAppends(by planner: any EventPlanner) {
        self.planner.withLock { $0 = planner }
    }

    /// Appends, with its plan where somebody knows one, and wakes the followers.
    ///
    /// An append that made no work wakes nobody who wants to hear of work, and one that names no
    /// video nobody who wants to hear of videos.
    ///
    /// - Throws: `JournalError` when it is not on disk; nothing was changed then.
    package func append(_ draft: EntryDraft) async throws(JournalError) -> AppendOutcome {
        var draft = draft
        let planner = draft.fault == nil ? planner.withLock { $0 } : nil
        if let planner { draft.plan = planner.plan(for: draft) }
        let outcome = try await driver.append(draft)
        var madeWork = false
        if case .appended(let sequence) = outcome, draft.fault == nil {
            if let plan = draft.plan { planner?.noteAppended(draft, as: sequence, with: plan) }
            switch draft.plan {
            case .unhandled: break
            case .runs, nil: madeWork = true
            }
        }
        let namesVideo = draft.videoID != nil
        wake { interest in
            switch interest {
            case .everything: true
            case .work: madeWork
            case .videos: namesVideo
            }
        }
        return outcome
    }

    /// Appends what a replay brings, planned as appends are, and wakes the followers.
    ///
    /// - Returns: False when the replay is not running or stands elsewhere.
    /// - Throws: `JournalError` when it is not on disk; nothing was changed then.
    package func advance(_ advance: ReplayAdvance) async throws(JournalError) -> Bool {
        var advance = advance
        let planner = planner.withLock { $0 }
        for index in advance.drafts.indices where advance.drafts[index].fault == nil {
            if let planner {
                advance.drafts[index].plan = planner.plan(for: advance.drafts[index])
            }
        }
        guard let outcomes = try await driver.advance(advance) else { return false }
        for (draft, outcome) in zip(advance.drafts, outcomes) {
            guard case .appended(let sequence) = outcome, let plan = draft.plan else { continue }
            planner?.noteAppended(draft, as: sequence, with: plan)
        }
        wake()
        return true
    }

    /// Remembers news of a video and wakes the followers.
    ///
    /// - Throws: `JournalError` when it is not on disk.
    @discardableResult
    package func record(_ update: JobUpdate) async throws(JournalError) -> VideoJob {
        let job = try await driver.record(update)
        wake()
        return job
    }

    /// A stream that yields once after whatever number of changes; at most one wake-up waits.
    ///
    /// One consumer for each stream. It ends when the consumer's task is cancelled.
    package func wakeUps(for interest: Interest = .everything) -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let key = followers.withLock { followers in
                followers.next += 1
                followers.continuations[followers.next] = (interest, continuation)
                return followers.next
            }
            continuation.onTermination = { [followers] _ in
                followers.withLock { _ = $0.continuations.removeValue(forKey: key) }
            }
        }
    }

    /// Wakes whoever follows: after an append, a plan, a retry.
    package func wake() {
        wake { _ in true }
    }

    /// Wakes whoever follows what happens, and nobody who looks for work: after a verdict.
    package func wakeReaders() {
        wake { $0 == .everything }
    }

    private func wake(_ isMeant: (Interest) -> Bool) {
        let continuations = followers.withLock { followers in
            // Most appends concern nobody, and then there is no list to be made.
            followers.continuations.values.contains { isMeant($0.interest) }
                ? followers.continuations.values.filter { isMeant($0.interest) } : []
        }
        // A dropped wake-up is one that another, not yet read, already stands for.
        for (_, continuation) in continuations { _ = continuation.yield() }
    }
}
