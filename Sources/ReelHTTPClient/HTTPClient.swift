package import ReelObservability
package import ReelRuntime

/// Sends requests through libcurl's multi interface on a thread of its own.
///
/// Redirects are not followed, cookies, `.netrc` and proxy variables not read, bodies not decoded;
/// a response is what the server sent. The client must outlive the streams it hands out: when it
/// stops, they end as cancelled.
package final class HTTPClient: HTTPTransport {
    private let configuration: HTTPClientConfiguration
    private let time: any TimeSource
    private let mailbox: TransferMailbox
    private let thread: ClientThread

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - configuration: Limits, trust and name.
    ///   - time: Measures the time limits; it runs at the pace of the machine's clock, since
    ///     libcurl's own timers do.
    ///   - metrics: Counts requests by their outcome.
    package init(
        configuration: HTTPClientConfiguration = HTTPClientConfiguration(),
        time: any TimeSource = SystemTimeSource(),
        metrics: Metrics = Metrics()
    ) {
        self.configuration = configuration
        self.time = time
        let multi = CurlMulti(idleConnectionCountMax: configuration.idleConnectionCountMax)
        let mailbox = TransferMailbox(
            multi: multi,
            openCountMax: configuration.transferCountMax + configuration.waitingCountMax
        )
        self.mailbox = mailbox
        thread = ClientThread {
            CurlLoop(
                configuration: configuration,
                multi: multi,
                mailbox: mailbox,
                time: time,
                metrics: metrics
            ).run()
        }
    }

    deinit {
        mailbox.stop()
        thread.join()
    }

    package func stream(
        _ request: HTTPClientRequest
    ) async throws(HTTPClientError) -> any HTTPClientStream {
        guard let origin = RequestOrigin(request) else { throw .invalidURL }
        let transfer = Transfer(
            request,
            origin: origin.text,
            deadline: time.uptime() + request.limits.totalTimeout,
            configuration: configuration,
            mailbox: mailbox
        )
        try mailbox.start(transfer)
        let head = try await transfer.head()
        return TransferStream(head: head, transfer: transfer)
    }

    /// Ends every transfer as cancelled and waits for the thread.
    ///
    /// Legal twice.
    package func stop() async {
        mailbox.stop()
        await thread.ended()
        thread.join()
    }
}
