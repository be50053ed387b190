/// What a client may use, and how it presents itself.
package struct HTTPClientConfiguration: Sendable, Hashable {
    /// Transfers that run at the same time; each has a connection of its own.
    package var transferCountMax = 64
    /// Of these, to one origin (scheme, host and port, or Unix socket).
    package var transferCountMaxPerOrigin = 16
    /// Requests that wait for their turn; one more is refused as `.overloaded`.
    package var waitingCountMax = 1024
    /// Connections that are kept open for the next request.
    package var idleConnectionCountMax = 32
    /// Content that has arrived and is not yet read, for each transfer; then it pauses.
    ///
    /// One read of `receiveByteCount` may come on top.
    package var bufferByteCountMax = 512 << 10
    /// The most that one read from a socket takes.
    package var receiveByteCount = 256 << 10
    /// The header section of a response, interim ones included.
    package var headerByteCountMax = 64 << 10
    /// The certificates to trust instead of the system's: the path of a file in PEM.
    package var authorityFilePath: String?
    /// A proxy for requests that may go anywhere, such as `http://proxy:3128`.
    ///
    /// Requests with restricted destinations are made without it: behind a proxy nobody sees the
    /// address that is connected to. Proxy variables of the environment are not read.
    package var proxyURL: String?
    /// The version that `User-Agent: Reelhook/<version>` names.
    package var version = "0"

    package init() {}
}
