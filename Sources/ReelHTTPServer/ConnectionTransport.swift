internal import ReelSystem

/// What carries the bytes of one connection: a socket, or an encrypted session over one.
///
/// Belongs to its loop's thread. Whoever serves the connection closes it.
protocol ConnectionTransport: AnyObject {
    /// Reads what is there, waiting for the first byte; 0 once the client has sent all.
    func read(
        into buffer: inout [UInt8],
        until deadline: Deadline
    ) async throws(SocketError) -> Int
    /// Waits until a read is worth trying, which may be at once and for nothing.
    func waitUntilReadable(until deadline: Deadline) async throws(SocketError)
    /// Reads what is there; 0 once the client has sent all, nil when there is nothing yet.
    func readAvailable(into buffer: inout [UInt8]) throws(SocketError) -> Int?
    /// Writes all bytes.
    func write(_ bytes: Span<UInt8>, until deadline: Deadline) async throws(SocketError)
    /// Says that no more is written; reading goes on.
    func shutDownWriting()
    /// Closes so that the client sees that it did not get all.
    func reset()
    /// Closes; legal twice.
    func close()
    /// Ends the waits of now and later.
    func cancel()
}

extension Socket: ConnectionTransport {}
