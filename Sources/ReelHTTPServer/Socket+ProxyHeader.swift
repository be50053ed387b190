internal import ReelHTTP
internal import ReelSystem

extension Socket {
    /// Takes the PROXY header that a connection begins with, and not one byte more.
    ///
    /// What follows is looked at but stays in the socket, so that HTTP and TLS find their first
    /// bytes where they always are.
    ///
    /// - Returns: What it came to; nil when the connection ended within it.
    func readProxyHeader(
        until deadline: Deadline
    ) async throws(SocketError) -> ProxyHeaderDecoder.Outcome? {
        var decoder = ProxyHeaderDecoder()
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = try await peek(into: &buffer, until: deadline)
            guard count > 0 else { return nil }
            let taken = decoder.take(buffer.span.extracting(0..<count))
            try discard(taken, using: &buffer)
            if let outcome = decoder.outcome { return outcome }
        }
    }
}
