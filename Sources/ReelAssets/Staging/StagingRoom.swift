internal import ReelRuntime

/// The room that parts were promised on the disk and have not filled yet.
///
/// Downloads begin at the same time, and each finds the same space free: what one was promised is
/// not free for the next, so that together they leave the reserve alone.
final class StagingRoom: Sendable {
    private let directory: String
    private let reserveByteCount: Int64
    private let disk: any Disk
    /// By the turn of who writes a part.
    private let promised = Locked<[UInt64: Int64]>([:])

    init(directory: String, reserveByteCount: Int64, disk: any Disk) {
        self.directory = directory
        self.reserveByteCount = reserveByteCount
        self.disk = disk
    }

    /// Promises room for bytes that are still to come, in the place of an earlier promise.
    ///
    /// Two that ask at once for the last room may both be refused, and ask again later.
    ///
    /// - Throws: `.diskFull` when they do not fit beside the other parts' and the reserve, and what
    ///   the disk gives.
    func promise(_ byteCount: Int64, to turn: UInt64) throws(AssetError) {
        // Before the look at the disk: bytes that are written in between count twice, not never.
        let total = promised.withLock { promised in
            promised[turn] = byteCount
            return promised.values.reduce(0, +)
        }
        do throws(AssetError) {
            let free = try disk.freeByteCount(directory)
            guard total <= free - reserveByteCount else { throw .diskFull }
        } catch {
            end(turn)
            throw error
        }
    }

    /// Makes sure before a write that it is within what was promised, or promises more.
    ///
    /// - Throws: As `promise` does: so ends a part whose length nobody announced.
    func makeSure(_ byteCount: Int, for turn: UInt64) throws(AssetError) {
        let left = promised.withLock { $0[turn] ?? 0 }
        guard left < Int64(byteCount) else { return }
        try promise(Int64(byteCount), to: turn)
    }

    /// Takes what was written from what was promised.
    func fill(_ byteCount: Int, by turn: UInt64) {
        promised.withLock { promised in
            promised[turn] = max((promised[turn] ?? 0) - Int64(byteCount), 0)
        }
    }

    /// Nothing more comes from that turn.
    func end(_ turn: UInt64) {
        promised.withLock { _ = $0.removeValue(forKey: turn) }
    }
}
