internal import ReelHTTP
internal import ReelRuntime

/// The keys of one provider: which one made which job, and which one to take next.
///
/// What was kept of a job's key is taken for likely until the key is answered. What is not known is
/// found out: a job that one key's project does not have is asked for with the others.
final class KeyRing: Sendable {
    private struct State {
        /// Until when each key is not the first choice.
        var restsUntil: [Duration]
        var keyOfJob: [String: Known] = [:]
        /// The jobs above, in the order in which they became known.
        var jobs: [String] = []
    }

    private struct Known {
        let index: Int
        /// Whether the key was answered; one that only looks like it may be another.
        let isSure: Bool
    }

    /// How long a key is not the first choice after a fault of its own.
    private static let refusedRest: Duration = .seconds(600)
    private static let throttledRest: Duration = .seconds(20)
    private static let restLongest: Duration = .seconds(3600)

    private let access: ProviderAccess
    private let prints: [KeyPrint]
    private let jobCountMax: Int
    private let state: Locked<State>

    init(_ access: ProviderAccess, at provider: String, jobCountMax: Int) {
        self.access = access
        prints = access.prints(at: provider)
        self.jobCountMax = max(jobCountMax, 1)
        state = Locked(
            State(restsUntil: [Duration](repeating: .zero, count: access.keyCount))
        )
    }

    var count: Int { access.keyCount }

    func fields(_ index: Int) -> HTTPFields { access.fields(index) }

    /// The keys to try, in this order: the job's own, then those that do not rest, as configured.
    func order(for job: String?, at uptime: Duration) -> [Int] {
        state.withLock { state in
            let own = job.flatMap { state.keyOfJob[$0]?.index }
            let indexes = state.restsUntil.indices
            let rested = indexes.filter { state.restsUntil[$0] <= uptime }
            let resting = indexes.filter { state.restsUntil[$0] > uptime }
                .sorted { state.restsUntil[$0] < state.restsUntil[$1] }
            let rest = (rested + resting).filter { $0 != own }
            return (own.map { [$0] } ?? []) + rest
        }
    }

    /// What the key of that number is told from the others by; nil without keys.
    func print(_ index: Int) -> KeyPrint? { prints.indices.contains(index) ? prints[index] : nil }

    /// Whether what was kept of a job's key would be of use.
    func lacks(_ job: String) -> Bool {
        access.keyCount > 1 && state.withLock { $0.keyOfJob[job] == nil }
    }

    /// Takes that a key made a job, or could see it.
    func remember(_ job: String, _ index: Int) {
        state.withLock { note(Known(index: index, isSure: true), of: job, in: &$0) }
    }

    /// Takes that a key lists a job, which says nothing new of one whose key is known; that one's
    /// number.
    func rememberListed(_ job: String, _ index: Int) -> Int {
        state.withLock { state in
            if let known = state.keyOfJob[job], known.isSure { return known.index }
            note(Known(index: index, isSure: true), of: job, in: &state)
            return index
        }
    }

    /// Takes what was kept of a job's key, unless more is known or no key looks like it.
    func recall(_ job: String, _ print: KeyPrint) {
        guard let index = prints.firstIndex(of: print) else { return }
        state.withLock { state in
            guard state.keyOfJob[job] == nil else { return }
            note(Known(index: index, isSure: false), of: job, in: &state)
        }
    }

    private func note(_ known: Known, of job: String, in state: inout State) {
        guard access.keyCount > 1 else { return }
        if state.keyOfJob.updateValue(known, forKey: job) == nil { state.jobs.append(job) }
        guard state.jobs.count > jobCountMax else { return }
        // Half at once, so that a full ring does not move all its names for each new one.
        for old in state.jobs.prefix(jobCountMax / 2 + 1) { state.keyOfJob[old] = nil }
        state.jobs.removeFirst(jobCountMax / 2 + 1)
    }

    /// Takes how a call with a key failed, and says whether another key may do better.
    func note(
        _ error: ProviderError,
        _ index: Int,
        for job: String?,
        at uptime: Duration
    ) -> Bool {
        let known = job.flatMap { job in state.withLock { $0.keyOfJob[job] } }
        let isOwn = known?.index == index && known?.isSure == true
        let rest: Duration
        switch error.kind {
        case .unauthorized, .billing, .quotaExceeded: rest = Self.refusedRest
        case .rateLimited: rest = error.retryAfter ?? Self.throttledRest
        // A job of another project is not found, or not to be seen.
        case .notFound, .forbidden: return !isOwn
        case .unreachable, .timedOut, .interrupted, .tls, .destinationRefused, .expired, .conflict,
            .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding, .tooLarge,
            .modelNotFound, .notReady, .overloaded, .serverError, .gatewayError, .notJSON,
            .unexpectedShape, .redirected, .cancelled:
            return false
        }
        state.withLock { state in
            let until = uptime + min(rest, Self.restLongest)
            state.restsUntil[index] = max(state.restsUntil[index], until)
        }
        // Throttled is not unknown: the key that made a job can tell of it soon.
        return !(isOwn && error.kind == .rateLimited)
    }
}
