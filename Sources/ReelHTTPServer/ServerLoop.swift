internal import ReelRuntime
internal import ReelSystem

/// What the connections of one event loop share.
final class ServerLoop: @unchecked Sendable {
    // SAFETY: everything but the constants is touched only on the loop's thread; the connections
    // run there, and everybody else goes through `execute`.

    let loop: EventLoop
    private let time: any TimeSource
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private(set) var isStopping = false
    private var isCut = false
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

    func add(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = connection
        if isCut { connection.cut() }
    }

    func remove(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    /// Closes what is idle; the rest closes after the response that it is at.
    ///
    /// From any thread.
    func stop() {
        loop.execute {
            self.isStopping = true
            for connection in self.connections.values where connection.isIdle {
                connection.cut()
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
            for connection in self.connections.values { connection.cut() }
        }
    }
}
