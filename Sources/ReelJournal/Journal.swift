internal import ReelRuntime

/// The one place where everything that happened is written first.
///
/// It hands every call to its driver and tells whoever follows along that there is something new:
/// a wake-up is a hint without content, and the entries are the truth.
package final class Journal: Sendable {
    package let driver: any JournalDriver
    private let followers = Locked(Followers())

    private struct Followers {
        var next = 0
        var continuations: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    package init(driver: any JournalDriver) {
        self.driver = driver
    }

    /// Appends and wakes the followers.
    ///
    /// - Throws: `JournalError` when it is not on disk; nothing was changed then.
    package func append(_ draft: EntryDraft) async throws(JournalError) -> AppendOutcome {
        let outcome = try await driver.append(draft)
        wake()
        return outcome
    }

    /// Remembers news of a video and wakes the followers.
    ///
    /// - Throws: `JournalError` when it is not on disk.
    @discardableResult
    package func record(_ update: JobUpdate) async throws(JournalError) -> VideoJob {
        let job = try await driver.record(update)
        wake()
        return job
    }

    /// A stream that yields once after whatever number of changes; at most one wake-up waits.
    ///
    /// One consumer for each stream. It ends when the consumer's task is cancelled.
    package func wakeUps() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let key = followers.withLock { followers in
                followers.next += 1
                followers.continuations[followers.next] = continuation
                return followers.next
            }
            continuation.onTermination = { [followers] _ in
                followers.withLock { _ = $0.continuations.removeValue(forKey: key) }
            }
        }
    }

    /// Wakes whoever follows: after an append, a plan, a verdict, a retry.
    package func wake() {
        let continuations = followers.withLock { Array($0.continuations.values) }
        // A dropped wake-up is one that another, not yet read, already stands for.
        for continuation in continuations { _ = continuation.yield() }
    }
}
