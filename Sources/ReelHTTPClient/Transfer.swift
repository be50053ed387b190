internal import ReelHTTP
internal import ReelRuntime

/// One request on its way, as the reader's task and the client's thread both see it.
final class Transfer: Sendable {
    let request: HTTPClientRequest
    let origin: String
    /// When the total time is over, as uptime.
    let deadline: Duration
    private let machine: Locked<TransferMachine>
    private let mailbox: TransferMailbox

    init(
        _ request: HTTPClientRequest,
        origin: String,
        deadline: Duration,
        configuration: HTTPClientConfiguration,
        mailbox: TransferMailbox
    ) {
        self.request = request
        self.origin = origin
        self.deadline = deadline
        self.mailbox = mailbox
        machine = Locked(
            TransferMachine(
                bufferByteCountMax: configuration.bufferByteCountMax,
                receiveByteCount: configuration.receiveByteCount,
                bodyByteCountMax: request.limits.bodyByteCountMax
            )
        )
    }

    // MARK: For the client's thread

    /// Whether the transfer goes on.
    func headReceived(_ head: HTTPClientResponse.Head) -> Bool {
        let hasContent =
            request.method != .head && head.status != .noContent && head.status != .notModified
        let (wake, goesOn) = machine.withLock { $0.headReceived(head, hasContent: hasContent) }
        wake.perform()
        return goesOn
    }

    func bytesReceived(_ bytes: Span<UInt8>) -> TransferMachine.BytesAction {
        machine.withLock { $0.bytesReceived(bytes) }
    }

    /// Hands what has come to a waiting reader; whether a paused transfer can go on.
    func flush() -> Bool {
        let (wake, resumes) = machine.withLock { $0.flush() }
        wake.perform()
        return resumes
    }

    func pausesAhead() -> Bool {
        machine.withLock { $0.pausesAhead() }
    }

    func resumed() -> Bool {
        machine.withLock { $0.resumed() }
    }

    var isPaused: Bool { machine.withLock { $0.isPausedNow } }

    var failure: HTTPClientError? { machine.withLock { $0.failure } }

    func ended(_ error: HTTPClientError?) {
        machine.withLock { $0.ended(error) }.perform()
    }

    // MARK: For the reader's task

    /// Waits for the head; cancelling the task ends the transfer.
    func head() async throws(HTTPClientError) -> HTTPClientResponse.Head {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiting: TransferMachine.HeadWaiter) in
                machine.withLock { $0.headAwaited(waiting) }.perform()
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Waits for bytes; cancelling the task ends the transfer.
    func content() async throws(HTTPClientError) -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiting: TransferMachine.ContentWaiter) in
                let (wake, resumes) = machine.withLock { $0.contentAwaited(waiting) }
                if resumes { mailbox.send(.resume(self)) }
                wake.perform()
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    func cancel() {
        let (wake, endsTransfer) = machine.withLock { $0.cancelled() }
        if endsTransfer { mailbox.send(.end(self)) }
        wake.perform()
    }
}
