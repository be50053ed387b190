internal import ReelJournal
internal import ReelObservability
internal import ReelRuntime

/// Space on the journal's disk that is kept for the time when there is no other.
///
/// It is a file whose blocks are allocated and hold nothing. When the disk is full, the file goes,
/// and what it had is for the end of work that runs; nothing new is taken in until there is room
/// for the reserve and as much again. Belongs to the writer's thread.
final class DiskReserve {
    private enum Standing {
        case held
        /// Since there is no room for it, until one may look again.
        case letGo(until: Duration)
        /// The file system has no such thing, or nobody wants one.
        case none
    }

    private let file: JournalFile
    private let byteCount: Int64
    private let metrics: JournalMetrics
    private let logger: Logger
    private let time: any TimeSource
    private var standing: Standing

    private static let lookInterval: Duration = .seconds(1)

    /// Puts the reserve beside a journal, or begins short of it where it does not fit.
    init(
        beside file: JournalFile,
        byteCount: Int64,
        metrics: JournalMetrics,
        logger: Logger,
        time: any TimeSource
    ) {
        self.file = file
        self.byteCount = byteCount
        self.metrics = metrics
        self.logger = logger
        self.time = time
        standing = .none
        guard byteCount > 0 else { return }
        do throws(JournalError) {
            try file.makeReserve(byteCount)
            standing = .held
        } catch {
            if error == .full { standing = .letGo(until: time.uptime()) }
            logger.warning(
                "No space could be kept in reserve",
                ["reason": .string(error.code), "bytes": .integer(byteCount)]
            )
        }
        publish()
    }

    /// Whether the disk is full, so that nothing new is to be taken in.
    var isShort: Bool {
        switch standing {
        case .letGo: true
        case .held, .none: false
        }
    }

    /// Whether the database has room to become as long as this; the disk is asked only once it
    /// has been full.
    func hasRoom(toReach byteCount: Int64) -> Bool {
        guard isShort else { return true }
        do throws(JournalError) {
            return try byteCount - file.byteCount() <= file.freeByteCount()
        } catch {
            return false
        }
    }

    /// Gives the space away when the disk is full.
    ///
    /// - Returns: Whether there was any to give.
    func letGo() -> Bool {
        guard case .held = standing else { return false }
        file.removeReserve()
        standing = .letGo(until: time.uptime() + Self.lookInterval)
        publish()
        logger.error(
            "The disk is full: nothing new is taken in",
            ["reserve_bytes": .integer(byteCount)]
        )
        return true
    }

    /// Takes the space back when there is enough on the disk again; looks once a second.
    ///
    /// - Returns: Whether it has.
    func takeBack() -> Bool {
        guard case .letGo(let until) = standing, time.uptime() >= until else { return false }
        standing = .letGo(until: time.uptime() + Self.lookInterval)
        do throws(JournalError) {
            guard try file.freeByteCount() / 2 >= byteCount else { return false }
            try file.makeReserve(byteCount)
        } catch {
            return false
        }
        standing = .held
        publish()
        logger.info("There is room on the disk again", ["reserve_bytes": .integer(byteCount)])
        return true
    }

    private func publish() {
        metrics.space.isDiskFull.set(isShort ? 1 : 0)
        if case .held = standing {
            metrics.space.reserveByteCount.set(byteCount)
        } else {
            metrics.space.reserveByteCount.set(0)
        }
    }
}
