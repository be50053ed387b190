internal import ReelRuntime

/// A loopback server that answers each request from a script, byte for byte: for all that a
/// well-behaved server never does.
///
/// It listens from `init` on and stops when it is let go, or earlier by `stop()`. Each connection
/// has a thread of its own, so a script may block.
package final class ScriptedServer: Sendable {
    /// What the server does next on the connection that a request came by.
    package enum Step: Sendable {
        /// Writes bytes as they are.
        case send([UInt8])
        /// Waits until a test opens the gate.
        case wait(Gate)
        /// Does nothing more until the peer goes or the server stops.
        case stall
        /// Ends the connection in good order (FIN).
        case close
        /// Ends the connection with a reset (RST).
        case reset

        /// Writes text as it is.
        package static func text(_ text: String) -> Step { .send(Array(text.utf8)) }

        /// A whole response with a `Content-Length` of its own.
        package static func respond(
            _ status: Int,
            _ fields: [(String, String)] = [],
            _ body: [UInt8] = []
        ) -> Step {
            var text = "HTTP/1.1 \(status) Scripted\r\nContent-Length: \(body.count)\r\n"
            for (name, value) in fields { text += "\(name): \(value)\r\n" }
            return .send(Array((text + "\r\n").utf8) + body)
        }

        /// A whole response with a body of JSON.
        package static func json(
            _ status: Int,
            _ body: String,
            _ fields: [(String, String)] = []
        ) -> Step {
            respond(status, [("Content-Type", "application/json")] + fields, Array(body.utf8))
        }
    }

    /// Holds a script until it is opened; opening twice is legal.
    package final class Gate: Sendable {
        private let queue = BlockingQueue<Bool>(capacity: 1)

        package init() {}

        package func open() { queue.close() }
        func pass() { _ = queue.take(atMost: 1) }
    }

    /// A request as it came in.
    package struct Request: Sendable {
        package let method: String
        package let target: String
        package let fields: [(name: String, value: String)]
        package let body: [UInt8]
        /// How many requests the server had seen before this one.
        package let index: Int
        /// How many connections the server had taken before the one it came by.
        package let connection: Int

        /// The value of the first field of that name, whatever its case.
        package subscript(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// Answers one request; a script that ends without `close`, `reset` or `stall` leaves the
    /// connection open for the next request.
    package typealias Script = @Sendable (Request) -> [Step]

    /// The loopback port; 0 for a Unix socket.
    package let port: UInt16
    private let shared: ScriptedServerState
    private let acceptor: NamedThread
    private let isStopped = Locked(false)

    /// Listens on a free loopback port, or on a Unix socket where a path is given.
    package init(unixSocketPath: String? = nil, _ script: @escaping Script) throws {
        let listener = try ScriptedSocket.listening(unixSocketPath: unixSocketPath)
        port = unixSocketPath == nil ? listener.port : 0
        let shared = ScriptedServerState(listener: listener, script: script)
        self.shared = shared
        acceptor = NamedThread("scripted-accept") { shared.acceptUntilStopped() }
    }

    deinit { stop() }

    /// Such as `http://127.0.0.1:40123`, without a slash at the end.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far, in the order in which their last byte came.
    package var requests: [Request] { shared.requests.withLock { $0 } }

    /// How many connections were taken so far.
    package var connectionCount: Int { shared.connections.withLock { $0.count } }

    /// Ends every connection and waits for the threads.
    ///
    /// Legal twice.
    package func stop() {
        let isFirst = isStopped.withLock { stopped in
            defer { stopped = true }
            return !stopped
        }
        guard isFirst else { return }
        shared.stop()
        acceptor.join()
        for thread in shared.connections.withLock({ $0.threads }) { thread.join() }
    }
}

/// What the server's threads share.
final class ScriptedServerState: Sendable {
    struct Connections {
        var count = 0
        var isStopped = false
        var sockets: [Int: ScriptedSocket] = [:]
        var gates: [ScriptedServer.Gate] = []
        var threads: [NamedThread] = []
    }

    private let listener: ScriptedSocket
    private let script: ScriptedServer.Script
    let requests = Locked<[ScriptedServer.Request]>([])
    let connections = Locked(Connections())

    init(listener: ScriptedSocket, script: @escaping ScriptedServer.Script) {
        self.listener = listener
        self.script = script
    }

    func acceptUntilStopped() {
        while let socket = listener.accept() {
            let index: Int? = connections.withLock { connections in
                guard !connections.isStopped else { return nil }
                connections.count += 1
                connections.sockets[connections.count - 1] = socket
                return connections.count - 1
            }
            guard let index else { return }
            let thread = NamedThread("scripted-\(index)") { self.serve(socket, index) }
            connections.withLock { $0.threads.append(thread) }
        }
    }

    func stop() {
        let (sockets, gates) = connections.withLock { connections in
            connections.isStopped = true
            return (Array(connections.sockets.values), connections.gates)
        }
        for gate in gates { gate.open() }
        for socket in sockets { socket.shutDown() }
        listener.shutDown()
    }

    private func serve(_ socket: ScriptedSocket, _ connection: Int) {
        defer { _ = connections.withLock { $0.sockets.removeValue(forKey: connection) } }
        var reader = ScriptedRequestReader(socket: socket)
        while let message = reader.next() {
            let request = requests.withLock { requests in
                let request = ScriptedServer.Request(
                    method: message.method,
                    target: message.target,
                    fields: message.fields,
                    body: message.body,
                    index: requests.count,
                    connection: connection
                )
                requests.append(request)
                return request
            }
            for step in script(request) {
                guard perform(step, on: socket) else { return }
            }
        }
    }

    /// Does one step; false when the connection is over with it.
    private func perform(_ step: ScriptedServer.Step, on socket: ScriptedSocket) -> Bool {
        switch step {
        case .send(let bytes):
            return socket.send(bytes)
        case .wait(let gate):
            let isStopped = connections.withLock { connections in
                connections.gates.append(gate)
                return connections.isStopped
            }
            if !isStopped { gate.pass() }
            return !isStopped
        case .stall:
            while !socket.receive().isEmpty {}
            return false
        case .close:
            return false
        case .reset:
            socket.resetWhenClosed()
            return false
        }
    }
}
