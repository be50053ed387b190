public import ReelJournal

/// One step's work: what is done about an event.
///
/// A handler is called at least once for each event that its chain takes, and again after an
/// attempt that did not end in `.done`, also when the process died meanwhile: `context.id` is the
/// same each time, so that the world outside can tell.
public protocol Handler: Sendable {
    /// Works on the event and says how it went.
    ///
    /// The task is cancelled when the step's time limit is over or the service stops; the attempt
    /// then counts only if the limit was over.
    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome

    /// What this event's work depends on, such as `provider:openai`; safe to show and to log.
    ///
    /// Handlers that name the same target share a circuit breaker: while the target is out, which
    /// handlers tell by `.unavailable`, events wait for it and their attempts do not count. They
    /// share its turns, too: no target has more than a part of all that is worked on at once, half
    /// of it unless the configuration says otherwise. Nil is nothing, and is what a handler has
    /// that does not say.
    func target(of event: Event) -> String?

    /// Whether the work needs a link that dies: no later try is made once the video has expired.
    var needsLink: Bool { get }
}

extension Handler {
    public func target(of event: Event) -> String? { nil }
    public var needsLink: Bool { false }
}

/// How an attempt of a handler went.
public enum Outcome: Sendable, Hashable {
    /// The step is done and is recorded so before the next begins; the note is for a reader.
    case done(note: String? = nil)
    /// Try again: after the span named, or by the step's retry policy.
    case retry(after: Duration? = nil, Reason)
    /// What the handler depends on is out: it refuses connections, does not answer in time, or says
    /// that it cannot; try again, after the span that it named.
    ///
    /// It counts as `.retry` does for a handler that names no target, and for the first event that
    /// meets the outage; whatever comes after waits behind the target's breaker, uncounted.
    case unavailable(after: Duration? = nil, Reason)
    /// Try again later without counting this attempt: the fault is not the event's.
    case postpone(Duration, Reason)
    /// Trying again is no use; the event becomes a dead letter with this reason.
    case giveUp(Reason)
}

/// What a handler is told and given besides the event.
public struct HandlerContext: Sendable {
    /// The chain's and the step's name.
    public let chain: String
    public let step: String
    /// Counts from 1.
    public let attempt: Int
    /// The same for every attempt of this step for this event, and for no other: an idempotency
    /// key for the world outside, such as `msg_…`.
    public var id: String { makeID() }
    /// Not every handler asks for it.
    private let makeID: @Sendable () -> String
    /// What an earlier attempt of this step saved.
    public let checkpoint: [UInt8]?
    private let journal: any HandlerJournal

    package init(
        chain: String,
        step: String,
        attempt: Int,
        id: @autoclosure @escaping @Sendable () -> String,
        checkpoint: [UInt8]?,
        journal: any HandlerJournal
    ) {
        self.chain = chain
        self.step = step
        self.attempt = attempt
        makeID = id
        self.checkpoint = checkpoint
        self.journal = journal
    }

    /// Keeps, on disk, what a later attempt of this step may go on from.
    ///
    /// - Throws: When it could not be kept, or when this attempt has lost its claim.
    public func save(checkpoint: [UInt8]) async throws {
        try await journal.save(checkpoint: checkpoint)
    }

    /// The files of the event's video that are stored already.
    ///
    /// - Throws: When the journal could not be read.
    public func files() async throws -> [StoredFile] {
        try await journal.files()
    }

    /// Says that this attempt does not ask what the handler depends on, so that its outcome says
    /// nothing of that: a breaker stays as it is.
    public func leftTargetAlone() {
        journal.leftTargetAlone()
    }
}

/// A file of a video, whole, under its final name.
public struct StoredFile: Sendable, Hashable {
    /// `video`, `thumbnail` or `spritesheet`.
    public let variant: String
    /// An absolute path, or the URL of a store that is no disk.
    public let location: String
    public let contentType: String?
    public let byteCount: Int64
    /// Lower-case hexadecimal.
    public let sha256: String?

    package init(
        variant: String,
        location: String,
        contentType: String?,
        byteCount: Int64,
        sha256: String?
    ) {
        self.variant = variant
        self.location = location
        self.contentType = contentType
        self.byteCount = byteCount
        self.sha256 = sha256
    }
}

/// What a handler's context asks of the journal; the dispatcher provides it for one claim.
package protocol HandlerJournal: Sendable {
    func save(checkpoint: [UInt8]) async throws
    func files() async throws -> [StoredFile]
    func leftTargetAlone()
}
