internal import ReelSystem

/// What carries the bytes of one connection: a socket, or an encrypted session over one.
///
/// Layers lie in the order socket, header of a proxy, TLS, HTTP: a header is taken from the socket
/// before a session begins on it. Belongs to its loop's thread. Whoever serves the connection
/// closes it.
protocol ConnectionTransport: AnyObject {
    /// The bytes that have come over the wire: what a client makes us do, whatever they amount to.
    var receivedByteCount: Int { get }
    /// Makes it ready for `read` and `write`; to be called again after `interrupted`.
    ///
    /// - Returns: False when the client does not speak what is spoken here. It has been told, as
    ///   far as that can be; what is left is to drain and close.
    func open(until deadline: Deadline) async throws(SocketError) -> Bool
    /// Waits until a read is worth trying, which may be at once and for nothing.
    func waitUntilReadable(until deadline: Deadline) async throws(SocketError)
    /// Calls an action on the loop's thread when `waitUntilReadable` would end; after that one has
    /// timed out.
    func watchReading(until deadline: Deadline, _ action: @escaping () -> Void)
    /// Reads what is there; 0 once the client has sent all, nil when there is nothing yet.
    func readAvailable(into buffer: inout [UInt8]) throws(SocketError) -> Int?
    /// Writes all bytes.
    func write(_ bytes: Span<UInt8>, until deadline: Deadline) async throws(SocketError)
    /// Says that no more is written; reading goes on.
    func finishWriting(until deadline: Deadline) async
    /// Makes who waits to read look once more, now or the next time; where there is nothing, that
    /// read ends with `interrupted`.
    func interruptReading()
    /// Closes so that the client sees that it did not get all.
    func reset()
    /// Closes; legal twice.
    func close()
    /// Ends the waits of now and later.
    func cancel()
}

extension Socket: ConnectionTransport {
    func open(until deadline: Deadline) async throws(SocketError) -> Bool { true }

    func finishWriting(until deadline: Deadline) async { shutDownWriting() }
}
