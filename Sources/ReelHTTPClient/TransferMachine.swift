/// What a transfer has received and who waits for it: the one state that the client's thread and
/// the reader's task share.
///
/// It does no I/O and calls nobody; each input returns what is to be done once the lock is free.
struct TransferMachine {
    typealias HeadResult = Result<HTTPClientResponse.Head, HTTPClientError>
    typealias ContentResult = Result<[UInt8]?, HTTPClientError>
    typealias HeadWaiter = CheckedContinuation<HeadResult, Never>
    typealias ContentWaiter = CheckedContinuation<ContentResult, Never>

    /// Whom to wake, and with what.
    enum WakeAction {
        case none
        case head(HeadWaiter, HeadResult)
        case content(ContentWaiter, ContentResult)

        /// Wakes the one who waits; called without the lock.
        func perform() {
            switch self {
            case .none: break
            case .head(let waiter, let result): waiter.resume(returning: result)
            case .content(let waiter, let result): waiter.resume(returning: result)
            }
        }
    }

    /// What libcurl is told of bytes that it hands over.
    enum BytesAction {
        case taken
        /// There is no room: libcurl keeps them and pauses.
        case pause
        /// The transfer has ended on our side.
        case abort
    }

    private enum Waiter {
        case none
        case head(HeadWaiter)
        case content(ContentWaiter)
    }

    private enum Phase {
        case running
        case whole
        case failed(HTTPClientError)
    }

    private let bufferByteCountMax: Int
    private let receiveByteCount: Int
    private let bodyByteCountMax: Int
    private var phase = Phase.running
    private var head: HTTPClientResponse.Head?
    private var buffer: [UInt8] = []
    private var receivedByteCount = 0
    private var isPaused = false
    private var waiter = Waiter.none

    init(bufferByteCountMax: Int, receiveByteCount: Int, bodyByteCountMax: Int) {
        self.bufferByteCountMax = bufferByteCountMax
        self.receiveByteCount = receiveByteCount
        self.bodyByteCountMax = bodyByteCountMax
    }

    // MARK: From the client's thread

    /// The head is complete; whoever waits for it is woken.
    ///
    /// - Returns: Whether the transfer goes on: not when it has ended on our side or announces
    ///   more content than is allowed.
    mutating func headReceived(
        _ head: HTTPClientResponse.Head,
        hasContent: Bool
    ) -> (wake: WakeAction, goesOn: Bool) {
        guard case .running = phase else { return (.none, false) }
        if hasContent, let length = head.contentLength, length > bodyByteCountMax {
            phase = .failed(.tooLarge)
            return (.none, false)
        }
        self.head = head
        guard case .head(let waiting) = waiter else { return (.none, true) }
        waiter = .none
        return (.head(waiting, .success(head)), true)
    }

    /// Bytes of the content; the reader is woken by `flush`, so that one wake-up carries as much
    /// as one turn of the client's thread has read.
    mutating func bytesReceived(_ bytes: Span<UInt8>) -> BytesAction {
        guard case .running = phase else { return .abort }
        guard bytes.count <= bodyByteCountMax - receivedByteCount else {
            phase = .failed(.tooLarge)
            return .abort
        }
        guard buffer.isEmpty || buffer.count + bytes.count <= bufferByteCountMax else {
            isPaused = true
            return .pause
        }
        if buffer.isEmpty { reserve(bytes.count) }
        receivedByteCount += bytes.count
        // SAFETY: the pointer is used inside the closure alone, to copy what it points to.
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
        return .taken
    }

    /// The thread's turn is over: a reader who waits gets what has come; `resumes` says that a
    /// paused transfer can go on.
    mutating func flush() -> (wake: WakeAction, resumes: Bool) {
        guard case .content(let waiting) = waiter, !buffer.isEmpty else { return (.none, false) }
        waiter = .none
        return (.content(waiting, .success(takeBuffer())), isPaused)
    }

    /// Whether the transfer pauses now, because the next read would not find room.
    ///
    /// What libcurl has read when it is told to pause, it copies aside; this spares that. A buffer
    /// smaller than one read is not spared it, as it would pause after each.
    mutating func pausesAhead() -> Bool {
        guard case .running = phase, !isPaused, !buffer.isEmpty,
            receiveByteCount <= bufferByteCountMax,
            buffer.count + receiveByteCount > bufferByteCountMax
        else { return false }
        isPaused = true
        return true
    }

    /// Whether a paused transfer goes on now; asked by the thread before it tells libcurl.
    mutating func resumed() -> Bool {
        guard case .running = phase, isPaused else { return false }
        isPaused = false
        return true
    }

    var isPausedNow: Bool { isPaused }

    /// The transfer is over: nil when its content is whole.
    ///
    /// What has come can still be read.
    mutating func ended(_ error: HTTPClientError?) -> WakeAction {
        if case .running = phase {
            if let error {
                phase = .failed(error)
            } else {
                phase = head == nil ? .failed(.interrupted) : .whole
            }
        }
        switch waiter {
        case .none:
            return .none
        case .head(let waiting):
            waiter = .none
            return .head(waiting, .failure(failure ?? .interrupted))
        case .content(let waiting):
            waiter = .none
            return .content(waiting, contentNow())
        }
    }

    // MARK: From the reader's task

    /// The reader waits for the head, and is woken at once where the wait is over already.
    mutating func headAwaited(_ waiting: HeadWaiter) -> WakeAction {
        if let head { return .head(waiting, .success(head)) }
        if let failure { return .head(waiting, .failure(failure)) }
        waiter = .head(waiting)
        return .none
    }

    /// The reader waits for bytes; `resumes` says that the thread is to go on receiving.
    mutating func contentAwaited(_ waiting: ContentWaiter) -> (wake: WakeAction, resumes: Bool) {
        if buffer.isEmpty, case .running = phase {
            guard case .none = waiter else {
                return (.content(waiting, .failure(.cancelled)), false)
            }
            waiter = .content(waiting)
            return (.none, isPaused)
        }
        let result = contentNow()
        return (.content(waiting, result), isPaused)
    }

    /// The reader has given up; what is buffered goes with it.
    ///
    /// - Returns: Whom to wake, and whether the thread has something left to end.
    mutating func cancelled() -> (wake: WakeAction, endsTransfer: Bool) {
        let isRunning: Bool
        if case .running = phase { isRunning = true } else { isRunning = false }
        phase = .failed(.cancelled)
        buffer = []
        return (ended(.cancelled), isRunning)
    }

    // MARK: Within

    /// Why our side ended the transfer, which libcurl only knows as a callback that said no.
    var failure: HTTPClientError? {
        switch phase {
        case .running, .whole: nil
        case .failed(let error): error
        }
    }

    /// Makes room at once for what is announced, since a buffer that grows copies itself.
    private mutating func reserve(_ byteCount: Int) {
        let announced = head?.contentLength.map { $0 - Int64(receivedByteCount) } ?? 0
        let wanted = max(byteCount, Int(clamping: announced))
        buffer.reserveCapacity(min(wanted, bufferByteCountMax))
    }

    private mutating func contentNow() -> ContentResult {
        guard buffer.isEmpty else { return .success(takeBuffer()) }
        switch phase {
        case .running, .whole: return .success(nil)
        case .failed(let error): return .failure(error)
        }
    }

    private mutating func takeBuffer() -> [UInt8] {
        let taken = buffer
        buffer = []
        return taken
    }
}
