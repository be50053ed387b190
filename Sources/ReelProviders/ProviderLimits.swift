package import ReelHTTPClient

/// What calls to a provider may take.
package struct ProviderLimits: Sendable, Hashable {
    package var connectTimeout: Duration = .seconds(10)
    /// For a status, a list page or a deletion.
    package var callTimeout: Duration = .seconds(30)
    /// For a create or a remix, which some servers answer only when they have room.
    package var createTimeout: Duration = .seconds(300)
    /// The longest time without a byte of a download.
    package var stallTimeout: Duration = .seconds(30)
    /// A download slower than this over the stall time is cut.
    package var slowestBytesPerSecond = 1024
    /// The largest answer in JSON; a page of 100 videos with long prompts has 4 MB.
    package var answerByteCountMax = 16 << 20
    /// The largest body of an error that is kept for passing on.
    package var errorByteCountMax = 64 << 10
    /// How often a `GET` is sent again, as OpenAI's SDK does it.
    package var retryCountMax = 2
    /// A server that asks for a longer wait is not waited for here: the caller is told instead.
    package var retryWaitMax: Duration = .seconds(10)
    package var redirectCountMax = 5
    /// Calls at the same time; downloads are not counted, the client has limits for those.
    package var callCountMax = 16
    /// Calls that wait for their turn; one more is refused as `.overloaded`.
    package var waitingCountMax = 1024
    /// Requests a minute, downloads included; nil leaves it to the number at the same time.
    package var requestsPerMinute: Int?
    /// The longest that a request waits for its moment; one more is refused as `.overloaded`.
    package var paceWaitMax: Duration = .seconds(60)
    /// The jobs of which it is remembered which key made them, where there are several.
    package var knownJobCountMax = 100_000
    /// Where a redirect to another origin may lead; the base URL itself is the operator's choice.
    package var redirectDestinations = DestinationPolicy.publicAnd(networks: [])

    package init() {}
}
