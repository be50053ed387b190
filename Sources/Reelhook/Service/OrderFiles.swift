internal import ReelAssets
internal import ReelConsole
internal import ReelRuntime
internal import ReelSystem

/// The orders under way, one file each in the data directory; what a crash leaves there are orders
/// whose outcome is not known.
final class OrderFiles: OrderLedger {
    private struct State {
        var unresolved: [String: UnresolvedOrder] = [:]
        /// How often each order is under way now, and since when.
        var underWay: [String: (count: Int, since: Timestamp)] = [:]

        /// Gives up orders of unknown outcome: those sent before a moment, and the oldest of too
        /// many.
        mutating func takeOutdated(since oldest: Timestamp, keeping countMax: Int) -> [String] {
            let idle = unresolved.filter { underWay[$0.key] == nil }
            var outdated = idle.filter { $0.value.sentAt < oldest }.map(\.key)
            let surplus = unresolved.count - outdated.count - countMax
            if surplus > 0 {
                outdated += idle.filter { $0.value.sentAt >= oldest }
                    .sorted { ($0.value.sentAt, $0.key) < ($1.value.sentAt, $1.key) }
                    .prefix(surplus).map(\.key)
            }
            for key in outdated { unresolved[key] = nil }
            return outdated
        }
    }

    /// After that time an order is not looked for any more.
    private static let age: Duration = .seconds(3600)

    private let directory: String
    /// The most that are remembered; the oldest are given up, and adopted from the list at best.
    private let countMax: Int
    private let disk: any Disk
    private let pool: BlockingPool
    private let time: any TimeSource
    private let state: Locked<State>

    /// Reads what a crash left.
    ///
    /// - Throws: `AssetError` when the directory cannot be used.
    init(
        _ dataDirectory: String,
        disk: any Disk,
        pool: BlockingPool,
        time: any TimeSource,
        countMax: Int = 10_000
    ) throws(AssetError) {
        self.countMax = countMax
        directory = dataDirectory + "/.orders"
        self.disk = disk
        self.pool = pool
        self.time = time
        try disk.createDurableDirectory(directory, permissions: 0o750)
        var state = State()
        let now = time.now()
        let oldest = now - Self.age
        for name in try disk.list(directory) {
            guard let status = try disk.status(directory + "/" + name) else { continue }
            // When the answer was lost is not written down; it was before now.
            state.unresolved[name] = UnresolvedOrder(
                sentAt: status.modifiedAt,
                unknownSince: now
            )
        }
        for key in state.takeOutdated(since: oldest, keeping: countMax) {
            try disk.remove(directory + "/" + key)
        }
        self.state = Locked(state)
    }

    func unresolved(_ key: String) -> UnresolvedOrder? {
        let oldest = time.now() - Self.age
        return state.withLock { $0.unresolved[key] }.flatMap { $0.sentAt < oldest ? nil : $0 }
    }

    func begin(_ key: String, at moment: Timestamp) async throws(OrderLedgerError) {
        let (disk, directory) = (disk, directory)
        let oldest = time.now() - Self.age
        // One more is about to come, and is not to crowd out a younger one.
        let outdated = state.withLock { $0.takeOutdated(since: oldest, keeping: countMax - 1) }
        do throws(AssetError) {
            try await pool.run { () throws(AssetError) in
                for key in outdated { try disk.remove(directory + "/" + key) }
                let path = directory + "/" + key
                let file = try disk.open(path, .truncate, permissions: 0o600)
                try file.write(Array("\(moment)\n".utf8), at: 0)
                try file.synchronize()
                try disk.synchronizeDirectory(directory)
            }
        } catch {
            throw OrderLedgerError(error.description)
        }
        state.withLock { state in
            let earlier = state.underWay[key]
            state.underWay[key] = ((earlier?.count ?? 0) + 1, earlier?.since ?? moment)
        }
    }

    func leave(_ key: String, at moment: Timestamp) {
        state.withLock { state in
            let since = Self.end(key, &state)
            // Of an order that was sent more than once, the first sending counts.
            guard let sentAt = state.unresolved[key]?.sentAt ?? since else { return }
            state.unresolved[key] = UnresolvedOrder(sentAt: sentAt, unknownSince: moment)
        }
    }

    func settle(_ key: String) async {
        let isLast = state.withLock { state in
            _ = Self.end(key, &state)
            state.unresolved[key] = nil
            return state.underWay[key] == nil
        }
        guard isLast else { return }
        let (disk, path) = (disk, directory + "/" + key)
        // One that stays is found again after a restart, and costs a look into the list.
        try? await pool.run { () throws(AssetError) in try disk.remove(path) }
    }

    /// Counts one less under way.
    private static func end(_ key: String, _ state: inout State) -> Timestamp? {
        guard let (count, since) = state.underWay[key] else { return nil }
        state.underWay[key] = count > 1 ? (count - 1, since) : nil
        return since
    }
}
