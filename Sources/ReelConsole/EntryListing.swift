package import ReelJSON
package import ReelJournal
internal import ReelRuntime

/// An entry as `events list --json` and `GET /v1/events` show it; the keys are stable.
package enum EntryListing {
    /// An entry with its steps.
    package static func json(_ entry: JournalEntry, steps: [StepRecord]) -> JSONValue {
        // The step that the event stands where it does for; others may be done beside it.
        let deciding = steps.first {
            $0.state.rawValue == entry.state.rawValue && $0.state != .done && $0.attempts > 0
        }
        let current = deciding ?? steps.last { $0.attempts > 0 } ?? steps.first
        let reason = entry.reason ?? steps.last { $0.reason != nil && $0.state != .done }?.reason
        let object: JSONObject = [
            "sequence": .integer(entry.sequence),
            "webhook_id": .string(orNull: entry.webhookID),
            "event_id": .string(orNull: entry.eventID),
            "source": .string(entry.source),
            "provider": .string(entry.provider),
            "type": .string(orNull: entry.type),
            "video_id": .string(orNull: entry.videoID?.rawValue),
            "origin": .string(entry.origin.rawValue),
            "occurred_at": .string(orNull: entry.occurredAt?.description),
            "received_at": .string(entry.receivedAt.description),
            "state": .string(entry.state.rawValue),
            "attempts": .integer(current?.attempts ?? 0),
            "reason": .string(orNull: reason?.code),
            "detail": .string(orNull: reason?.detail),
            "advice": .string(orNull: reason?.advice),
            "redeliveries": .integer(entry.redeliveryCount),
            "related_sequence": .integer(orNull: entry.relatedSequence),
            "steps": .array(steps.map(json)),
        ]
        return .object(object)
    }

    /// A step of a chain.
    package static func json(_ step: StepRecord) -> JSONValue {
        .object([
            "chain": .string(step.chain),
            "name": .string(step.name),
            "state": .string(step.state.rawValue),
            "attempts": .integer(step.attempts),
            "reason": .string(orNull: step.reason?.code),
            "detail": .string(orNull: step.reason?.detail),
            "advice": .string(orNull: step.reason?.advice),
            "note": .string(orNull: step.note),
            "due_at": .string(orNull: step.dueAt?.description),
            "finished_at": .string(orNull: step.finishedAt?.description),
        ])
    }

    /// One attempt of a step.
    package static func json(_ attempt: AttemptRecord) -> JSONValue {
        .object([
            "chain": .string(attempt.chain),
            "step": .string(attempt.stepName),
            "attempt": .integer(attempt.attempt),
            "started_at": .string(attempt.startedAt.description),
            "ended_at": .string(attempt.endedAt.description),
            "outcome": .string(attempt.outcome),
            "reason": .string(orNull: attempt.reason?.code),
            "detail": .string(orNull: attempt.reason?.detail),
        ])
    }

    /// A remembered video with its files.
    package static func json(_ job: VideoJob, assets: [AssetRecord]) -> JSONValue {
        .object([
            "id": .string(job.id.rawValue),
            "provider": .string(job.provider),
            "state": .string(job.state.rawValue),
            "status": .string(orNull: job.status),
            "progress": .integer(orNull: job.progress),
            "origin": .string(job.origin.rawValue),
            "first_seen_at": .string(job.firstSeenAt.description),
            "updated_at": .string(job.updatedAt.description),
            "expires_at": .string(orNull: job.expiresAt?.description),
            "reason": .string(orNull: job.reason?.code),
            "detail": .string(orNull: job.reason?.detail),
            "provider_delete": job.removal.map(json) ?? .null,
            "files": .array(assets.map(json)),
        ])
    }

    /// A deletion at the provider that waits or was given up.
    package static func json(_ removal: ProviderRemoval) -> JSONValue {
        .object([
            "state": .string(removal.dueAt == nil ? "given_up" : "waiting"),
            "failures": .integer(removal.failureCount),
            "next_at": .string(orNull: removal.dueAt?.description),
            "reason": .string(orNull: removal.reason?.code),
            "detail": .string(orNull: removal.reason?.detail),
        ])
    }

    /// One file of a video.
    package static func json(_ asset: AssetRecord) -> JSONValue {
        .object([
            "variant": .string(asset.variant),
            "state": .string(asset.state.rawValue),
            "bytes": .integer(asset.byteCount),
            "sha256": .string(orNull: asset.sha256),
            "content_type": .string(orNull: asset.contentType),
            "location": .string(orNull: asset.location),
            "reason": .string(orNull: asset.reason?.code),
            "detail": .string(orNull: asset.reason?.detail),
            "message": .string(orNull: asset.reason?.userMessage),
        ])
    }
}
