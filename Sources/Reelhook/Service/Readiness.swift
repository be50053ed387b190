internal import ReelAssets
internal import ReelHTTP
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime
internal import ReelSystem

/// Whether a delivery can be taken and stored now, whatever the provider does.
final class Readiness: Sendable {
    private struct State {
        var failure: JournalError?
        var isStopping = false
    }

    private let state = Locked(State())
    private let journal: Journal
    private let dataDirectory: String
    private let pool: BlockingPool
    private let disk: any Disk
    /// With less free space than this a delivery may not fit any more.
    private let freeByteCountMin: Int64 = 4 << 20

    init(_ parts: ServiceParts) {
        journal = parts.journal
        dataDirectory = parts.configuration.dataDirectory
        pool = parts.pool
        disk = parts.surroundings.machine.disk
    }

    func noteStored() {
        state.withLock { $0.failure = nil }
    }

    func noteFailure(_ error: JournalError) {
        state.withLock { $0.failure = error }
    }

    func noteStopping() {
        state.withLock { $0.isStopping = true }
    }

    /// 200, or 503 with the checks that fail.
    func response() async -> HTTPResponse {
        let failed = await failingChecks()
        guard failed.isEmpty else {
            let body = JSONValue.object([
                "status": .string("unavailable"),
                "checks": .array(failed.map { .string($0) }),
            ])
            var response = HTTPResponse.json(.serviceUnavailable, body.serialized())
            response.fields.append("Retry-After", "5")
            return response
        }
        return .json(.ok, Array(#"{"status":"ready"}"#.utf8))
    }

    private func failingChecks() async -> [String] {
        var failed: [String] = []
        if state.withLock({ $0.isStopping }) { failed.append("stopping") }
        do throws(JournalError) {
            if state.withLock({ $0.failure }) == nil {
                // An empty plan goes through the writer and changes nothing: the journal works.
                try await journal.driver.plan([])
            } else {
                // After a failure only a write shows that it is over.
                try await journal.driver.probe()
                noteStored()
            }
        } catch {
            failed.append("journal_" + error.code)
        }
        let (directory, disk) = (dataDirectory, disk)
        let free = try? await pool.run { () throws(AssetError) -> Int64 in
            try disk.freeByteCount(directory)
        }
        if let free, free < freeByteCountMin { failed.append("disk_full") }
        return failed.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
