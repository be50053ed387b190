internal import ReelRuntime
internal import ReelSystem

/// A file while it is fetched: bytes are appended, and hashed on the way.
///
/// One task owns it and awaits each call before the next. After a call that threw it is of no use;
/// what the last `checkpoint` returned is on disk, and is where a new one goes on. Once somebody
/// else has opened the same part, its calls throw `.changed` and write nothing.
package final class PartFile: Sendable {
    struct Opened: Sendable {
        let file: any DiskFile
        let digest: RunningDigest
        let turn: UInt64
    }

    private struct State {
        var buffer: [UInt8] = []
        /// Bytes handed to the disk; the buffer's follow them.
        var written: Int64
        /// Of these, how many the disk was told to write out.
        var writtenOut: Int64

        /// What is to be written out now: nothing before it has a certain length.
        mutating func takeStretch(_ byteCount: Int64) -> Range<Int64> {
            let start = writtenOut
            guard written - start >= byteCount else { return start..<start }
            writtenOut = written
            return start..<written
        }
    }

    /// Where it is on the local disk.
    package let path: String
    private let file: any DiskFile
    private let digest: DigestLane
    private let state: Locked<State>
    private let configuration: StagingArea.Configuration
    private let turn: UInt64
    private let turns: PartTurns
    private let room: StagingRoom
    private let pool: BlockingPool

    init(
        _ opened: Opened,
        path: String,
        turns: PartTurns,
        room: StagingRoom,
        offset: Int64,
        configuration: StagingArea.Configuration,
        pool: BlockingPool
    ) {
        self.path = path
        file = opened.file
        digest = DigestLane(
            opened.digest,
            pool: pool,
            pieceCountMax: configuration.hashedLaterCountMax
        )
        turn = opened.turn
        self.turns = turns
        self.room = room
        state = Locked(State(written: offset, writtenOut: offset))
        self.configuration = configuration
        self.pool = pool
    }

    deinit {
        turns.end(turn, path)
        room.end(turn)
    }

    /// Whether nobody else has opened the part since.
    package var isCurrent: Bool { turns.isOn(turn, path) }

    /// The bytes appended so far, those before the last checkpoint included.
    package var byteCount: Int64 {
        state.withLock { $0.written + Int64($0.buffer.count) }
    }

    /// Makes sure that so many bytes more fit on the disk, beside those of other parts.
    ///
    /// - Throws: `.diskFull`, and what the disk gives.
    func makeSure(roomFor byteCount: Int64) async throws(AssetError) {
        let (room, turn) = (room, turn)
        try await pool.run { () throws(AssetError) in try room.promise(byteCount, to: turn) }
    }

    /// Appends bytes; they reach the disk with later ones.
    ///
    /// - Throws: `.tooLarge` past the limit, `.diskFull` and what the disk gives.
    package func append(_ bytes: [UInt8]) async throws(AssetError) {
        let (total, isFull) = state.withLock { state in
            if state.buffer.isEmpty {
                // Taken over as it is where it is long enough, which spares a copy.
                state.buffer = bytes
            } else {
                state.buffer.reserveCapacity(configuration.bufferByteCount)
                state.buffer.append(contentsOf: bytes)
            }
            return (
                state.written + Int64(state.buffer.count),
                state.buffer.count >= configuration.bufferByteCount
            )
        }
        guard total <= configuration.fileByteCountMax else { throw .tooLarge }
        if isFull { try await write(synchronizing: false) }
    }

    /// Puts all bytes on disk and returns how many there are.
    package func checkpoint() async throws(AssetError) -> Int64 {
        try await write(synchronizing: true)
        return byteCount
    }

    /// Puts the file on disk and ends the hash; called once, as the last.
    ///
    /// - Throws: `.lengthMismatch` when it has not the length given, and what the disk gives.
    package func finish(
        expecting expected: Int64?
    ) async throws(AssetError) -> (byteCount: Int64, sha256: String) {
        let found = byteCount
        if let expected, expected != found {
            throw .lengthMismatch(expected: expected, found: found)
        }
        try await write(synchronizing: true)
        return (found, await digest.finish())
    }

    /// Hands the buffer to the disk and to the hash.
    ///
    /// No write goes on afterwards, so that whoever opens the part next has it alone.
    private func write(synchronizing: Bool) async throws(AssetError) {
        let (bytes, offset, stretch) = state.withLock { state in
            let taken = (state.buffer, state.written)
            state.written += Int64(state.buffer.count)
            state.buffer = []
            return (taken.0, taken.1, state.takeStretch(configuration.writeOutByteCount))
        }
        if !bytes.isEmpty { await digest.add(bytes) }
        let (file, turns, room, turn, path) = (file, turns, room, turn, path)
        try await pool.run { () throws(AssetError) in
            guard turns.isOn(turn, path) else { throw .changed }
            if !bytes.isEmpty {
                try room.makeSure(bytes.count, for: turn)
                try file.write(bytes, at: offset)
                room.fill(bytes.count, by: turn)
            }
            if synchronizing {
                try file.synchronize()
            } else if !stretch.isEmpty {
                file.beginWriteOut(
                    at: stretch.lowerBound,
                    byteCount: Int64(stretch.count)
                )
            }
        }
    }
}
