internal import ReelRuntime
internal import ReelSystem

/// A SHA-256 that grows on the pool while its owner goes on: on a processor without instructions
/// for it, hashing takes longer than receiving and writing together.
///
/// One task owns it and awaits each call before the next. Pieces are hashed in the order they came,
/// and a few of them wait at most.
final class DigestLane: Sendable {
    private typealias Waiter = CheckedContinuation<Void, Never>

    private struct State {
        var pieces: [[UInt8]] = []
        /// A piece was taken out and is being hashed.
        var isHashing = false
        /// A job takes the pieces, or is about to.
        var isServed = false
        /// The owner, and down to how many open pieces it waits.
        var waiting: (waiter: Waiter, most: Int)?

        var openCount: Int { pieces.count + (isHashing ? 1 : 0) }

        /// Whether a job has to be begun for the piece.
        mutating func add(_ bytes: [UInt8]) -> Bool {
            pieces.append(bytes)
            defer { isServed = true }
            return !isServed
        }

        /// The piece before is done: the next, nil when the job is over, and whoever can go on.
        mutating func next() -> (piece: [UInt8]?, waiter: Waiter?) {
            let piece = pieces.isEmpty ? nil : pieces.removeFirst()
            isHashing = piece != nil
            isServed = isHashing
            guard let waiting, openCount <= waiting.most else { return (piece, nil) }
            self.waiting = nil
            return (piece, waiting.waiter)
        }
    }

    private let state = Locked(State())
    private let digest: RunningDigest
    private let pool: BlockingPool
    private let pieceCountMax: Int

    /// Goes on with a digest, which nobody else uses from now on.
    init(_ digest: RunningDigest, pool: BlockingPool, pieceCountMax: Int) {
        self.digest = digest
        self.pool = pool
        self.pieceCountMax = pieceCountMax
    }

    /// Takes the next piece, once there is room for it.
    func add(_ bytes: [UInt8]) async {
        await wait(forAtMost: pieceCountMax - 1)
        guard state.withLock({ $0.add(bytes) }) else { return }
        let job: @Sendable () -> Void = { [self] in serve() }
        // Where the pool has no room now, its turn is waited for.
        if !pool.begin(job) { await pool.run(job) }
    }

    /// Ends the digest as lower-case hexadecimal; called once, as the last.
    func finish() async -> String {
        await wait(forAtMost: 0)
        return digest.finish()
    }

    private func wait(forAtMost most: Int) async {
        await withCheckedContinuation { (waiter: Waiter) in
            let isRoom = state.withLock { state in
                guard state.openCount > most else { return true }
                state.waiting = (waiter, most)
                return false
            }
            if isRoom { waiter.resume() }
        }
    }

    private func serve() {
        while true {
            let (piece, waiter) = state.withLock { $0.next() }
            waiter?.resume()
            guard let piece else { return }
            digest.update(piece)
        }
    }
}
