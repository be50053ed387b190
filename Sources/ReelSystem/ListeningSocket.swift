internal import CReelLinux
internal import Glibc
internal import ReelRuntime

/// A bound socket that connections are accepted from.
///
/// It is bound by whoever starts a service, on any thread; then it is accepted from and closed on
/// one loop. It is closed too when the last reference goes.
// SAFETY: `descriptor` changes in `close` alone, which is called on the loop that accepts.
package final class ListeningSocket: @unchecked Sendable {
    /// The address that it is bound to, with the port that the kernel chose if that was left open.
    package let address: SocketAddress
    private let descriptor: OwnedDescriptor
    private let state: Locked<State>

    private struct State {
        /// Whether another process holds the socket, too, and goes on listening.
        var isShared: Bool
        var registration: Confined<Registration>?
        var isCancelled = false
    }

    private init(
        _ descriptor: consuming Descriptor,
        address: SocketAddress,
        isShared: Bool = false
    ) {
        self.descriptor = OwnedDescriptor(descriptor.release())
        self.address = address
        state = Locked(State(isShared: isShared))
    }

    deinit { removeFile() }

    /// Binds and listens.
    ///
    /// The file of a Unix socket is for its user alone; one that a process left behind is taken
    /// over when nobody answers on it.
    ///
    /// - Throws: What bind(2) gives, above all `EADDRINUSE`, `EACCES` and `EADDRNOTAVAIL`.
    package static func bind(
        _ address: SocketAddress,
        backlog: Int32 = 4096
    ) throws(SystemError) -> ListeningSocket {
        let descriptor = try open(address.family)
        switch address {
        case .v4, .v6:
            try set(descriptor.number, SOL_SOCKET, SO_REUSEADDR, 1)
            if case .v6 = address {
                try set(descriptor.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0)
            }
            try bind(descriptor.number, address)
        case .unix(let path):
            // The kernel takes the mode of the file from the socket at bind (unix(7)), so that
            // there is no moment at which others may connect.
            try call("fchmod") { fchmod(descriptor.number, 0o600) }
            do {
                try bind(descriptor.number, address)
            } catch  where error.number == EADDRINUSE {
                guard try isStale(path, address) else { throw error }
                try FileSystem.remove(path)
                try bind(descriptor.number, address)
            }
        }
        limitUnsent(descriptor.number, address)
        try call("listen") { listen(descriptor.number, backlog) }
        let bound = try name(of: descriptor.number) ?? address
        return ListeningSocket(descriptor, address: bound)
    }

    /// Takes over a socket that listens already and was handed to the process, such as by systemd
    /// (sd_listen_fds(3)); another process holds it, too, and what waits in its queue is theirs
    /// when this one stops.
    ///
    /// - Throws: `EBADF` when there is no such descriptor, `ENOTSOCK` when it is none of a socket,
    ///   `EINVAL` when the socket is none that listens for streams.
    package static func inherited(_ number: Int32) throws(SystemError) -> ListeningSocket {
        try listening(number, isShared: true)
    }

    /// Takes over a socket from the process before this one, which lets go of it: what waits in
    /// its queue is this process's.
    ///
    /// - Throws: As `inherited`.
    static func handedOver(_ number: Int32) throws(SystemError) -> ListeningSocket {
        try listening(number, isShared: false)
    }

    private static func listening(
        _ number: Int32,
        isShared: Bool
    ) throws(SystemError) -> ListeningSocket {
        // Not through the wrapper, for which a bad number is a fault of ours.
        guard fcntl(number, F_GETFD) >= 0 else {
            throw SystemError(function: "fcntl", number: EBADF)
        }
        let descriptor = Descriptor(owning: number)
        guard try option(number, SO_TYPE) == Int32(SOCK_STREAM.rawValue),
            try option(number, SO_ACCEPTCONN) == 1, let address = try name(of: number)
        else { throw SystemError(function: "getsockopt", number: EINVAL) }
        try call("fcntl") { fcntl(number, F_SETFD, FD_CLOEXEC) }
        let flags = try call("fcntl") { fcntl(number, F_GETFL) }
        try call("fcntl") { fcntl(number, F_SETFL, flags | O_NONBLOCK) }
        limitUnsent(number, address)
        return ListeningSocket(descriptor, address: address, isShared: isShared)
    }

    /// Waits for the next connection, on the loop's thread; one task, always on the same loop.
    ///
    /// - Throws: `cancelled` after `cancel`; `EMFILE` and its kin when the process or the machine
    ///   has no descriptor or memory left, and the caller then waits before it tries again.
    package func accept(on loop: EventLoop) async throws(SocketError) -> AcceptedConnection {
        let registration = try registered(on: loop)
        while true {
            switch await registration.wait(.reading, until: .never) {
            case .ready: break
            case .timedOut, .cancelled: throw .cancelled
            }
            do {
                if let accepted = try accepted() { return accepted }
                registration.exhausted(.reading)
            } catch {
                guard Self.isOfOneConnection(error) else { throw .system(error) }
            }
        }
    }

    /// The next connection that waits in the queue, for who stops listening, on the loop's thread;
    /// nil when there is none, or when another process goes on with the queue.
    ///
    /// - Throws: As `accept` when there is no descriptor or memory left; the rest waits on.
    package func acceptLast() throws(SystemError) -> AcceptedConnection? {
        guard !isShared, !descriptor.isClosed else { return nil }
        while true {
            do {
                return try accepted()
            } catch {
                guard Self.isOfOneConnection(error) else { throw error }
            }
        }
    }

    /// Whether an error of accept(2) is the failure of one connection before it was ours, which
    /// says nothing of the next.
    private static func isOfOneConnection(_ error: SystemError) -> Bool {
        switch error.number {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL, EBADF, ENOTSOCK: false
        default: true
        }
    }

    private var isShared: Bool { state.withLock { $0.isShared } }

    /// Leaves who waits in the queue to another process that holds the socket; from any thread,
    /// before `accept` ends.
    package func leaveQueue() {
        state.withLock { $0.isShared = true }
    }

    /// Another descriptor of the socket, which the caller closes; before `close`.
    func duplicate() throws(SystemError) -> Descriptor {
        Descriptor(owning: try call("fcntl") { fcntl(descriptor.number, F_DUPFD_CLOEXEC, 3) })
    }

    /// Ends `accept`, now and later; from any thread, legal twice.
    package func cancel(on loop: EventLoop) {
        let registration = state.withLock { state in
            state.isCancelled = true
            return state.registration
        }
        guard let registration else { return }
        loop.execute { registration.value.cancel() }
    }

    /// Stops listening, so that the next who connects is refused; on the loop that accepts, once
    /// `accept` has ended.
    package func close(on loop: EventLoop) {
        let registration = state.withLock { state in
            state.isCancelled = true
            return state.registration
        }
        if let registration, !descriptor.isClosed {
            loop.confined.unregister(registration.value, descriptor.number)
        }
        removeFile()
        descriptor.close()
    }

    /// As long as the descriptor is open it answers, so until then the name is ours, but for one
    /// that was handed over.
    private func removeFile() {
        guard !isShared, !descriptor.isClosed, case .unix(let path) = address else { return }
        _ = try? FileSystem.remove(path)
    }

    private func registered(on loop: EventLoop) throws(SocketError) -> Registration {
        let (known, isCancelled) = state.withLock { ($0.registration, $0.isCancelled) }
        guard !isCancelled else { throw .cancelled }
        if let known { return known.value }
        let registration: Registration
        do {
            registration = try loop.confined.register(descriptor.number)
        } catch {
            throw .system(error)
        }
        let isCancelledByNow = state.withLock { state in
            state.registration = Confined(registration)
            return state.isCancelled
        }
        if isCancelledByNow { registration.cancel() }
        return registration
    }

    private func accepted() throws(SystemError) -> AcceptedConnection? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let outcome = try attempt("accept4") {
            unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                unsafe creellinux_accept4(
                    descriptor.number,
                    bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                    &length,
                    Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
                )
            }
        }
        switch outcome {
        case .wouldBlock: return nil
        case .done(let number):
            let descriptor = Descriptor(owning: number)
            let peer = SocketAddress(storage, length: length) ?? .unix(path: "")
            switch peer {
            case .v4, .v6: try Self.set(number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            case .unix: break
            }
            return AcceptedConnection(descriptor, peer: peer)
        }
    }
}

extension ListeningSocket {
    private static func open(_ family: Int32) throws(SystemError) -> Descriptor {
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        return Descriptor(owning: try call("socket") { socket(family, Int32(kind), 0) })
    }

    private static func bind(_ number: Int32, _ address: SocketAddress) throws(SystemError) {
        _ = try unsafe address.withRaw { raw, length throws(SystemError) in
            try call("bind") { unsafe Glibc.bind(number, raw, length) }
        }
    }

    private static func name(of number: Int32) throws(SystemError) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try call("getsockname") {
            unsafe withUnsafeMutableBytes(of: &storage) { bytes -> Int32 in
                guard let base = bytes.baseAddress else { return -1 }
                return unsafe getsockname(
                    number,
                    base.assumingMemoryBound(to: sockaddr.self),
                    &length
                )
            }
        }
        return SocketAddress(storage, length: length)
    }

    /// Whether the name is a socket that nobody answers on.
    private static func isStale(
        _ path: String,
        _ address: SocketAddress
    ) throws(SystemError) -> Bool {
        guard try FileSystem.status(path)?.kind == .socket else { return false }
        let probe = try open(AF_UNIX)
        do {
            _ = try unsafe address.withRaw { raw, length throws(SystemError) in
                try call("connect") { unsafe connect(probe.number, raw, length) }
            }
            return false
        } catch {
            return error.number == ECONNREFUSED
        }
    }

    private static func option(_ number: Int32, _ name: Int32) throws(SystemError) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        try call("getsockopt") { unsafe getsockopt(number, SOL_SOCKET, name, &value, &length) }
        return value
    }

    /// The bytes that wait in the kernel to be sent on each connection, which inherits this.
    ///
    /// By itself it takes megabytes (tcp(7), "tcp_wmem"): a client that asks and does not read
    /// would be answered that long, and hold as much memory.
    private static let unsentByteCountMax: Int32 = 128 << 10

    private static func limitUnsent(_ number: Int32, _ address: SocketAddress) {
        switch address {
        case .v4, .v6:
            // A kernel that does not have it serves all the same.
            try? set(number, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, unsentByteCountMax)
        case .unix: break
        }
    }

    private static func set(
        _ number: Int32,
        _ level: Int32,
        _ option: Int32,
        _ value: Int32
    ) throws(SystemError) {
        var value = value
        try call("setsockopt") {
            unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}
