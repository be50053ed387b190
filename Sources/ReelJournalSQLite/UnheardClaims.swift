internal import ReelJournal
internal import ReelRuntime

/// The claims that writes may have given of which nobody heard, since they failed.
///
/// A commit whose fsync failed stands in the log, where everybody reads it, although its caller was
/// told that it failed. What it claimed nobody works on, and nobody else may before the lease ends.
/// So the next write that gives claims takes those back first, in its own transaction. Nothing else
/// gives tokens or moves steps, so a run that stands at such a token and step, or beyond it, is
/// nobody's; that of a write which did not come about stands before it.
final class UnheardClaims: Sendable {
    /// A run, and where it stood when nobody heard of it for the first time.
    struct Claimed: Sendable {
        let sequence: Int64
        let chain: String
        let firstStep: Int
        let token: Int64
        let step: Int

        init(_ claim: Claim) {
            sequence = claim.entry.sequence
            chain = claim.chain
            firstStep = claim.firstStep
            token = claim.token
            step = claim.stepIndex
        }

        func isOfRun(of other: Claimed) -> Bool {
            (sequence, firstStep, chain) == (other.sequence, other.firstStep, other.chain)
        }

        func isBefore(_ other: Claimed) -> Bool { (token, step) < (other.token, other.step) }
    }

    private let claims = Locked<[Claimed]>([])

    /// Takes all of them, for a write that is to take them back; one that fails notes them again.
    func take() -> [Claimed] {
        claims.withLock { claims in
            defer { claims = [] }
            return claims
        }
    }

    func note(_ unheard: [Claimed]) {
        claims.withLock { claims in
            for claim in unheard {
                guard let index = claims.firstIndex(where: { $0.isOfRun(of: claim) }) else {
                    claims.append(claim)
                    continue
                }
                if claim.isBefore(claims[index]) { claims[index] = claim }
            }
        }
    }
}
