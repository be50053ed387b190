internal import ReelHTTP
internal import ReelSystem

extension HTTPConnection {
    /// What every connection of a server is given.
    final class Context: Sendable {
        let configuration: HTTPServerConfiguration
        let timeouts: Timeouts
        let handler: HTTPHandler
        let refusal: HTTPRefusal?
        let metrics: HTTPServerMetrics
        let clients: ClientLimits
        let contentRoom: ContentRoom

        init(
            _ configuration: HTTPServerConfiguration,
            handler: @escaping HTTPHandler,
            refusal: HTTPRefusal?,
            metrics: HTTPServerMetrics,
            clients: ClientLimits,
            contentRoom: ContentRoom
        ) {
            self.configuration = configuration
            timeouts = Timeouts(configuration)
            self.handler = handler
            self.refusal = refusal
            self.metrics = metrics
            self.clients = clients
            self.contentRoom = contentRoom
        }
    }

    /// What a connection counts as until it ends.
    struct Place {
        let admission: ConnectionLedger.Admission
        /// The client, where its connections are counted.
        let client: ClientKey?
    }

    /// The configuration's spans, ready to be added to the loop's time.
    struct Timeouts: Sendable {
        let head: Deadline.Span
        let body: Deadline.Span
        let bodyRateGrace: Deadline.Span
        let write: Deadline.Span
        let idle: Deadline.Span
        let linger: Deadline.Span
        /// How long a task waits for a request before it ends.
        let rest: Deadline.Span
        /// For making the transport ready, a handshake above all.
        let opening: Deadline.Span

        init(_ configuration: HTTPServerConfiguration) {
            rest = Deadline.Span(configuration.restDelay)
            opening = Deadline.Span(configuration.openTimeout)
            head = Deadline.Span(configuration.headTimeout)
            body = Deadline.Span(configuration.bodyTimeout)
            bodyRateGrace = Deadline.Span(configuration.bodyRateGrace)
            write = Deadline.Span(configuration.writeTimeout)
            idle = Deadline.Span(configuration.idleTimeout)
            linger = Deadline.Span(configuration.lingerTimeout)
        }
    }
}
