internal import ReelRuntime
internal import ReelSystem

/// What the connections of one event loop share.
// SAFETY: everything but the constants is touched only on the loop's thread; the connections run
// there, and everybody else goes through `execute`.
final class ServerLoop: @unchecked Sendable {
    /// What a connection reads into, for as long as a read takes.
    enum BufferSize: Int {
        case small = 8192
        case large = 65536
    }

    let loop: EventLoop
    private var smallBuffer: [UInt8]?
    private var largeBuffer: [UInt8]?
    private let time: any TimeSource
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    /// Connections that are being told that there are too many, the oldest first.
    private var refused: [HTTPConnection] = []
    /// Sockets of which the PROXY header has not come yet.
    private var awaited: [ObjectIdentifier: Socket] = [:]
    /// Connections without a task, and of them those that are to have one.
    private var restingCount = 0
    private var woken: [HTTPConnection] = []
    private var waker: Waiter<Void>?
    private(set) var isStopping = false
    /// The buffers of the loop's sessions of TLS; none without one.
    private(set) lazy var scratch = TLSTransport.Scratch()
    private var isCut = false
    /// What was under way when `hasTurnedOver` was last asked; nil before.
    private var elders: [AnyObject]?
    private var cachedDate = ""
    private var dateExpires = Deadline.now()

    init(loop: EventLoop, time: any TimeSource) {
        self.loop = loop
        self.time = time
    }

    /// The present as an HTTP date; made once a second.
    var date: String {
        let now = loop.now
        guard now >= dateExpires else { return cachedDate }
        let moment = time.now()
        let milliseconds = moment.millisecondsSinceEpoch - moment.secondsSinceEpoch * 1000
        cachedDate = moment.httpDate
        dateExpires = now.advanced(by: Deadline.Span(.milliseconds(1000 - milliseconds)))
        return cachedDate
    }

    /// A buffer of that size with anything in it; reads do not wait, so that one of each is enough.
    func takeBuffer(_ size: BufferSize) -> [UInt8] {
        let kept: [UInt8]?
        switch size {
        case .small: (kept, smallBuffer) = (smallBuffer, nil)
        case .large: (kept, largeBuffer) = (largeBuffer, nil)
        }
        return kept ?? [UInt8](repeating: 0, count: size.rawValue)
    }

    /// Keeps a buffer for the next read.
    func giveBack(_ buffer: [UInt8]) {
        if buffer.count == BufferSize.small.rawValue {
            smallBuffer = buffer
        } else {
            largeBuffer = buffer
        }
    }

    func add(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = connection
        if isCut { connection.cut() }
    }

    func remove(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    /// Counts a connection that has no task for now, until it is woken.
    func beginRest() {
        restingCount += 1
    }

    /// Gives a connection a task again; once for each rest.
    func wake(_ connection: HTTPConnection) {
        restingCount -= 1
        woken.append(connection)
        resumeWaker()
    }

    /// Runs the connections that wake up until the server has stopped and none is left.
    func runWoken(onEnd: @escaping @Sendable (HTTPConnection.Place) -> Void) async {
        await withDiscardingTaskGroup { group in
            while true {
                while let connection = woken.popLast() {
                    let confined = Confined(connection)
                    group.addTask(executorPreference: loop) {
                        let connection = confined.value
                        if await connection.run() == .ended { onEnd(connection.place) }
                    }
                }
                if isStopping, restingCount == 0 { return }
                await Waiter.wait { waker = $0 }
            }
        }
    }

    private func resumeWaker() {
        let resumed = waker
        waker = nil
        resumed?.resume(returning: ())
    }

    /// Counts a connection that is being turned away; one too many ends the oldest.
    ///
    /// Who stalls while it is told keeps nobody from being told who is newer.
    func beginRefusal(_ connection: HTTPConnection, atMost countMax: Int) {
        refused.append(connection)
        if refused.count > countMax { refused.removeFirst().cut() }
    }

    func endRefusal(_ connection: HTTPConnection) {
        refused.removeAll { $0 === connection }
    }

    func add(awaited socket: Socket) {
        awaited[ObjectIdentifier(socket)] = socket
        if isStopping { socket.interruptReading() }
        if isCut { socket.cancel() }
    }

    func remove(awaited socket: Socket) {
        awaited[ObjectIdentifier(socket)] = nil
    }

    /// Closes what is idle, unless a request is there already; the rest closes after the response
    /// that it is at.
    ///
    /// From any thread.
    func stop() {
        loop.execute {
            self.isStopping = true
            for socket in self.awaited.values { socket.interruptReading() }
            for connection in self.connections.values where connection.isIdle {
                connection.interrupt()
            }
            self.resumeWaker()
        }
    }

    /// Whether all that was under way when this was last asked has ended since; false at first.
    ///
    /// From any thread.
    func hasTurnedOver() async -> Bool {
        await withCheckedContinuation { continuation in
            loop.execute {
                // They are kept until the next turn, so that nobody new can be at their addresses.
                let isTurned = self.elders?.allSatisfy { elder in
                    self.connections[ObjectIdentifier(elder)] == nil
                        && self.awaited[ObjectIdentifier(elder)] == nil
                }
                self.elders = Array(self.connections.values) + Array(self.awaited.values)
                continuation.resume(returning: isTurned ?? false)
            }
        }
    }

    /// Ends every connection, whatever it is at.
    ///
    /// From any thread.
    func cut() {
        loop.execute {
            self.isStopping = true
            self.isCut = true
            for socket in self.awaited.values { socket.cancel() }
            for connection in self.connections.values { connection.cut() }
        }
    }
}
