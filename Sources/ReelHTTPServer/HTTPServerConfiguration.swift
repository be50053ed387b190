package import ReelHTTP
package import ReelSystem

/// Where a server listens and every limit that it holds.
package struct HTTPServerConfiguration: Sendable {
    /// Where a server listens.
    package enum Binding: Sendable {
        /// A numeric address or `localhost`; port 0 for any free one.
        case host(String, port: UInt16)
        /// What listens already.
        case listening(ListeningSocket)
        /// A descriptor that was handed to the process and listens already.
        case inherited(Int32)
        /// A Unix socket that only its user can connect to.
        case unix(path: String)
    }

    package var binding: Binding
    /// The listener's name in metrics and in the log, such as `intake`.
    package var name: String
    /// Threads that serve connections; by default one for each core, at most four.
    package var loopCount = min(EventLoop.coreCount, 4)
    /// What a request may be.
    package var limits = HTTPRequestLimits()

    /// Connections served at once; one more is told 503.
    package var connectionCountMax = 4096
    /// Connections of one client served at once; one more is told 503.
    ///
    /// Those of a proxy that tells its clients by a field of each request are not counted.
    package var connectionCountMaxPerClient = 4096
    /// Who counts as the client of a request.
    package var clientAddress = ClientAddress()
    /// How many requests a client may make; nil for as many as it likes.
    package var rateLimit: RateLimit?
    /// Clients that the limits for each client do not hold for.
    package var exemptNetworks: [NetworkBlock] = []
    /// Connections that are being told 503 at once, on each loop; one more ends the oldest.
    package var refusalCountMax = 64
    /// Requests answered on one connection before it is closed.
    package var requestCountMax = 1_000_000
    /// What the 503 over the limit says in `Retry-After`, in seconds.
    package var retryAfterSeconds = 2

    /// Content that is under way, of all connections together; who would need more is told 503.
    ///
    /// Content of up to 16 KiB is not counted.
    package var contentByteCountMax = 64 << 20

    /// From the start of the connection to the end of a handshake, where there is one.
    package var openTimeout = Duration.seconds(10)
    /// From the first byte of a request to the end of its header section, and from the start of
    /// the connection to the first byte.
    package var headTimeout = Duration.seconds(10)
    /// From the end of the header section to the end of the content.
    package var bodyTimeout = Duration.seconds(60)
    /// Bytes a second that content must come with on average, once `bodyRateGrace` is over.
    package var bodyRateMin = 256
    /// How long content may come as slowly as it likes.
    package var bodyRateGrace = Duration.seconds(10)
    /// For each 256 KiB of a response.
    package var writeTimeout = Duration.seconds(30)
    /// Between a response and the next request.
    package var idleTimeout = Duration.seconds(60)
    /// How long a connection that waits for a request keeps its task; none of its client's
    /// business.
    package var restDelay = Duration.milliseconds(200)
    /// How long a connection is drained after its last response, so that the client gets to read
    /// it before a reset.
    package var lingerTimeout = Duration.seconds(2)
    /// How much is drained.
    package var lingerByteCountMax = 8 << 20
    /// How long `stop` lets running requests be answered.
    package var drainTimeout = Duration.seconds(30)
    /// How long accepting rests when the process has no descriptors left.
    package var exhaustionPause = Duration.milliseconds(100)

    package init(binding: Binding, name: String = "http") {
        self.binding = binding
        self.name = name
    }

    /// What is wrong with the values, each fault in words; empty when nothing is.
    package var faults: [String] {
        let counts = [
            ("loopCount", loopCount), ("connectionCountMax", connectionCountMax),
            ("refusalCountMax", refusalCountMax), ("requestCountMax", requestCountMax),
            ("retryAfterSeconds", retryAfterSeconds), ("lingerByteCountMax", lingerByteCountMax),
            ("connectionCountMaxPerClient", connectionCountMaxPerClient),
            ("bodyRateMin", bodyRateMin), ("contentByteCountMax", contentByteCountMax),
            ("limits.targetByteCountMax", limits.targetByteCountMax),
            ("limits.fieldSectionByteCountMax", limits.fieldSectionByteCountMax),
            ("limits.fieldCountMax", limits.fieldCountMax),
        ]
        let spans = [
            ("bodyRateGrace", bodyRateGrace), ("headTimeout", headTimeout),
            ("bodyTimeout", bodyTimeout), ("openTimeout", openTimeout),
            ("writeTimeout", writeTimeout), ("idleTimeout", idleTimeout),
            ("lingerTimeout", lingerTimeout), ("drainTimeout", drainTimeout),
            ("exhaustionPause", exhaustionPause),
        ]
        let wrongCounts = counts.filter { $0.1 < 1 }.map { "\($0.0) is below 1" }
        let wrongSpans = spans.filter { $0.1 <= .zero }.map { "\($0.0) is not above 0" }
        let tooMany = loopCount > 64 ? ["loopCount is above 64"] : []
        return wrongCounts + wrongSpans + tooMany + rateFaults
    }

    private var rateFaults: [String] {
        guard let rateLimit else { return [] }
        let counts = [
            ("rateLimit.requestsPerSecond", rateLimit.requestsPerSecond),
            ("rateLimit.burst", rateLimit.burst),
            ("rateLimit.clientCountMax", rateLimit.clientCountMax),
        ]
        return counts.filter { $0.1 < 1 || $0.1 > 1 << 24 }.map { "\($0.0) is out of range" }
    }
}
