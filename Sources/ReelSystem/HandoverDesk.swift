internal import Glibc
internal import ReelRuntime

/// Where a process that listens gives its sockets to the one that is to take over from it.
///
/// The next process connects to a Unix socket, is sent the sockets at once, and stays connected for
/// as long as it waits. From then on both hold the queues of those who connect, so that nobody in
/// them is lost, whichever of the two ends and however.
package final class HandoverDesk: Sendable {
    private let listener: ListeningSocket
    private let loop: EventLoop
    private let names: [String]
    private let state: Locked<State>
    private let ended = Latch()

    private struct State {
        /// Copies of what is given away.
        var sockets: [Int32]
        /// Connections of those who wait.
        var waiting: [Int32] = []
    }

    /// How many may wait at once; one more is let go, and asks again.
    private static let waitingCountMax = 8

    /// Takes the path; `run` is to be called, and then begins to give.
    ///
    /// - Parameters:
    ///   - path: Where the next process asks.
    ///   - sockets: What is given, at most eight, each by a name without white space.
    /// - Throws: What bind(2) gives, or when the process has no descriptors left.
    package init(
        path: String,
        sockets: [(name: String, socket: ListeningSocket)]
    ) throws(SystemError) {
        listener = try ListeningSocket.bind(.unix(path: path))
        names = sockets.map(\.name)
        state = Locked(State(sockets: []))
        for socket in sockets {
            let copy = try socket.socket.duplicate().release()
            state.withLock { $0.sockets.append(copy) }
        }
        loop = try EventLoop(name: "handover")
    }

    deinit {
        let state = state.withLock { $0 }
        for number in state.sockets + state.waiting { _ = Descriptor(owning: number) }
    }

    /// Gives the sockets to whoever asks, until `end`.
    package func run() async {
        await withTaskExecutorPreference(loop) {
            while let accepted = await self.accept() { self.give(to: accepted) }
            while let accepted = try? self.listener.acceptLast() { self.give(to: accepted) }
            self.listener.close(on: self.loop)
        }
        // Nobody but those who have a copy keeps the sockets open from here.
        let sockets = state.withLock { state in
            defer { state.sockets = [] }
            return state.sockets
        }
        for number in sockets { _ = Descriptor(owning: number) }
        ended.open()
        loop.shutDown()
    }

    /// Has `run` give to those who have asked by now, and to nobody else, and waits for that.
    ///
    /// Legal twice.
    package func end() async {
        listener.cancel(on: loop)
        await ended.waitRegardless()
    }

    /// Whether somebody who has the sockets waits to take over; after `end`.
    package var hasSuccessor: Bool {
        precondition(ended.isOpen, "who waits is known at the end")
        return state.withLock { $0.waiting }.contains(where: Self.isThere)
    }

    /// The next who asks; nil once it is to end.
    private func accept() async -> AcceptedConnection? {
        while true {
            do {
                return try await listener.accept(on: loop)
            } catch {
                switch error {
                case .cancelled: return nil
                case .timedOut, .interrupted, .disconnected: continue
                case .system: await loop.sleep(until: .after(.milliseconds(100)))
                }
            }
        }
    }

    private func give(to accepted: AcceptedConnection) {
        let link = accepted.takeDescriptor()
        let (sockets, waiting) = state.withLock { ($0.sockets, $0.waiting) }
        var staying: [Int32] = []
        for number in waiting {
            if Self.isThere(number) {
                staying.append(number)
            } else {
                _ = Descriptor(owning: number)
            }
        }
        let message = DescriptorMessage(text: names.joined(separator: " "), numbers: sockets)
        if staying.count < Self.waitingCountMax, (try? message.send(over: link)) != nil {
            staying.append(link.release())
        }
        state.withLock { $0.waiting = staying }
    }

    private static func isThere(_ number: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(number, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count > 0 || count < 0 && errno == EAGAIN
    }
}
