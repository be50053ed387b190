internal import ReelSystem

extension ConnectionTransport {
    /// Writes all bytes, each 256 KiB of them within the timeout.
    ///
    /// The limit is on progress rather than on the whole, which may be long and the client's line
    /// slow.
    func write(
        _ bytes: [UInt8],
        on loop: EventLoop,
        timeout: Deadline.Span
    ) async throws(SocketError) {
        let slice = 256 << 10
        guard bytes.count > slice else {
            return try await write(bytes.span, until: loop.now.advanced(by: timeout))
        }
        var start = 0
        while start < bytes.count {
            let end = min(start + slice, bytes.count)
            try await write(
                bytes.span.extracting(start..<end),
                until: loop.now.advanced(by: timeout)
            )
            start = end
        }
    }
}
