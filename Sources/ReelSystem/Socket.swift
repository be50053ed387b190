internal import CReelLinux
internal import Glibc

/// A connected stream socket on an event loop.
///
/// Everything but `cancel` and `init` is called on the loop's thread. One task at a time reads,
/// and one writes. Whoever made it closes it.
// SAFETY: the two variables are touched only on the loop's thread, which every method checks.
package final class Socket: @unchecked Sendable {
    package let loop: EventLoop
    package let peer: SocketAddress
    private let registration: Registration
    private var descriptor: Descriptor?
    /// The bytes that have been read, those that were only looked at apart; on the loop's thread.
    package private(set) var receivedByteCount = 0

    /// Takes an accepted connection over, on the loop's thread.
    ///
    /// - Throws: When epoll can watch no more descriptors; the connection is then closed.
    package init(_ accepted: AcceptedConnection, on loop: EventLoop) throws(SystemError) {
        let descriptor = accepted.takeDescriptor()
        registration = try loop.confined.register(descriptor.number)
        self.loop = loop
        peer = accepted.peer
        self.descriptor = consume descriptor
    }

    deinit {
        precondition(descriptor == nil, "a socket was not closed")
    }

    /// Reads what is there, waiting for the first byte; at most as much as the buffer holds.
    ///
    /// - Returns: How many bytes were put at the buffer's start; 0 once the peer has sent all.
    package func read(
        into buffer: inout [UInt8],
        until deadline: Deadline
    ) async throws(SocketError) -> Int {
        while true {
            try await waitUntilReadable(until: deadline)
            if let count = try readAvailable(into: &buffer) { return count }
        }
    }

    /// Waits until a read is worth trying, which may be at once and for nothing.
    package func waitUntilReadable(until deadline: Deadline) async throws(SocketError) {
        try await ready(.reading, until: deadline)
    }

    /// Calls an action on the loop's thread when `waitUntilReadable` would end, which may be at
    /// once: who waits long needs no task for it.
    package func watchReading(until deadline: Deadline, _ action: @escaping () -> Void) {
        precondition(loop.isCurrent, "a socket was used off its loop")
        registration.watchReading(until: deadline, action)
    }

    /// Reads what is there without waiting; at most as much as the buffer holds.
    ///
    /// - Returns: How many bytes were put at the buffer's start; 0 once the peer has sent all; nil
    ///   when there is nothing yet.
    /// - Throws: `interrupted` when there is nothing yet and `interruptReading` was called.
    package func readAvailable(into buffer: inout [UInt8]) throws(SocketError) -> Int? {
        let byteCount = buffer.count
        let count = try receive(into: &buffer, byteCount: byteCount, flags: 0)
        // Less than asked for means that the socket is empty (epoll(7), edge-triggered): the next
        // wait need not try first.
        if let count, count < byteCount { registration.exhausted(.reading) }
        receivedByteCount += count ?? 0
        return count
    }

    /// Makes the read that waits, or the next that would, look once more and then end with
    /// `interrupted`; on the loop's thread.
    ///
    /// What has come and was not yet noticed is read all the same.
    package func interruptReading() {
        precondition(loop.isCurrent, "a socket was interrupted off its loop")
        registration.interruptReading()
    }

    /// Looks at what is there and leaves it for the next read, waiting for the first byte.
    ///
    /// - Returns: As for `read`.
    package func peek(
        into buffer: inout [UInt8],
        until deadline: Deadline
    ) async throws(SocketError) -> Int {
        while true {
            try await waitUntilReadable(until: deadline)
            let byteCount = buffer.count
            if let count = try receive(
                into: &buffer,
                byteCount: byteCount,
                flags: Int32(MSG_PEEK)
            ) {
                return count
            }
        }
    }

    /// Takes away bytes that were looked at; the buffer holds at least as many.
    package func discard(_ byteCount: Int, using buffer: inout [UInt8]) throws(SocketError) {
        _ = try receive(into: &buffer, byteCount: byteCount, flags: 0)
    }

    private func receive(
        into buffer: inout [UInt8],
        byteCount: Int,
        flags: Int32
    ) throws(SocketError) -> Int? {
        precondition(loop.isCurrent, "a socket was used off its loop")
        let number = try number
        let outcome: Result<Attempt<Int>, SystemError> = unsafe buffer.withUnsafeMutableBytes {
            bytes in
            precondition(byteCount <= bytes.count, "a read is longer than its buffer")
            return Result { () throws(SystemError) in
                try attempt("recv") { unsafe recv(number, bytes.baseAddress, byteCount, flags) }
            }
        }
        switch outcome {
        case .failure(let error): throw SocketError(error)
        case .success(.wouldBlock):
            registration.exhausted(.reading)
            guard registration.takeInterruption() else { return nil }
            throw .interrupted
        case .success(.done(let count)):
            _ = registration.takeInterruption()
            return count
        }
    }

    /// Writes all bytes, waiting as often as the peer is slow.
    package func write(
        _ bytes: Span<UInt8>,
        until deadline: Deadline
    ) async throws(SocketError) {
        var written = 0
        while written < bytes.count {
            try await ready(.writing, until: deadline)
            written += try writeNow(bytes.extracting(written..<bytes.count))
        }
    }

    /// Writes as much as the kernel takes without waiting.
    ///
    /// - Returns: How many bytes; 0 when there is no room.
    package func writeNow(_ bytes: Span<UInt8>) throws(SocketError) -> Int {
        let number = try number
        let outcome: Result<Attempt<Int>, SystemError> = unsafe bytes.withUnsafeBytes { bytes in
            Result { () throws(SystemError) in
                try attempt("send") {
                    unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                }
            }
        }
        switch outcome {
        case .failure(let error): throw SocketError(error)
        case .success(.wouldBlock):
            registration.exhausted(.writing)
            return 0
        case .success(.done(let count)): return count
        }
    }

    /// Tells the peer that no more is written, and leaves reading open.
    package func shutDownWriting() {
        guard let number = try? number else { return }
        _ = try? call("shutdown") { shutdown(number, Int32(SHUT_WR)) }
    }

    /// Closes so that the peer sees a reset: what it has got is not all.
    package func reset() {
        if let number = try? number {
            var option = linger(l_onoff: 1, l_linger: 0)
            let size = socklen_t(MemoryLayout<linger>.size)
            _ = try? call("setsockopt") {
                unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &option, size)
            }
        }
        close()
    }

    /// Closes the connection; legal twice.
    package func close() {
        precondition(loop.isCurrent, "a socket was closed off its loop")
        guard let number = try? number else { return }
        loop.confined.unregister(registration, number)
        registration.cancel()
        descriptor = nil
    }

    /// Makes every wait, now and later, end with `cancelled`; from any thread, legal at any time.
    package func cancel() {
        // At once where that can be: what has been asked for on the loop runs after it.
        guard !loop.isCurrent else { return registration.cancel() }
        loop.execute { [registration = Confined(registration)] in registration.value.cancel() }
    }

    private var number: Int32 {
        get throws(SocketError) {
            guard let number = descriptor?.number else { throw .cancelled }
            return number
        }
    }

    private func ready(
        _ direction: Registration.Direction,
        until deadline: Deadline
    ) async throws(SocketError) {
        precondition(loop.isCurrent, "a socket was used off its loop")
        switch await registration.wait(direction, until: deadline) {
        case .ready: return
        case .timedOut: throw .timedOut
        case .cancelled: throw .cancelled
        }
    }
}
