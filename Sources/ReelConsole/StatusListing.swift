package import ReelJSON
package import ReelJournal
package import ReelRuntime

/// The state of the whole at one look, as `reelhook status` and `GET /v1/status` show it.
package struct StatusListing: Sendable {
    /// Events by state, only those that there are.
    package let events: [(state: EventState, count: Int64)]
    package let breakers: [BreakerRecord]
    /// Those that are not done.
    package let replays: [ReplayJob]
    package let nextDueAt: Timestamp?
    /// The last time that the disk was full.
    package let shortage: DiskShortage?

    /// Reads it from a journal.
    ///
    /// - Throws: `JournalError`.
    package static func read(
        _ driver: any JournalDriver
    ) async throws(JournalError) -> StatusListing {
        var events: [(state: EventState, count: Int64)] = []
        for state in EventState.allCases {
            var query = EntryQuery()
            query.states = [state]
            let count = try await driver.count(query)
            if count > 0 { events.append((state, count)) }
        }
        return StatusListing(
            events: events,
            breakers: try await driver.breakers(),
            replays: try await driver.replays().filter { $0.state != .done },
            nextDueAt: try await driver.outlook().nextDueAt,
            shortage: try await driver.shortage()
        )
    }

    package var json: JSONObject {
        var counts = JSONObject()
        for (state, count) in events { counts[state.rawValue] = .integer(count) }
        return [
            "events": .object(counts),
            "next_due_at": .string(orNull: nextDueAt?.description),
            "disk_full_since": .string(
                orNull: shortage.flatMap { $0.until == nil ? $0.since.description : nil }
            ),
            "disk_last_full": .string(orNull: shortage?.since.description),
            "breakers": .array(breakers.map { EntryListing.json($0) }),
            "replays": .array(replays.map { EntryListing.json($0) }),
        ]
    }
}

extension EntryListing {
    /// A circuit breaker.
    package static func json(_ breaker: BreakerRecord) -> JSONValue {
        .object([
            "target": .string(breaker.target),
            "state": .string(breaker.state.rawValue),
            "failures": .integer(breaker.failureCount),
            "reason": .string(orNull: breaker.reason?.code),
            "detail": .string(orNull: breaker.reason?.detail),
            "advice": .string(orNull: breaker.reason?.advice),
            "changed_at": .string(breaker.changedAt.description),
            "probe_at": .string(orNull: breaker.probeAt?.description),
        ])
    }

    /// A replay.
    package static func json(_ job: ReplayJob) -> JSONValue {
        .object([
            "replay": .integer(job.number),
            "state": .string(job.state.rawValue),
            "matched": .integer(job.matchedCount),
            "replayed": .integer(job.replayedCount),
            "rate": .number(JSONNumber(Double(job.rate) / 1000)),
            "cursor": .integer(job.cursor),
            "last_sequence": .integer(job.lastSequence),
            "created_at": .string(job.createdAt.description),
            "updated_at": .string(job.updatedAt.description),
        ])
    }
}
