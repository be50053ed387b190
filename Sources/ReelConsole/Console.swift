package import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelJournal
internal import ReelObservability

/// The private listener: `/v1/videos`, the event feed, metrics.
package enum Console {
    /// What the console's listener refuses by the head of a request alone.
    package static func refusal(guardedBy consoleGuard: ConsoleGuard) -> HTTPRefusal {
        { request, _ in consoleGuard.refusal(of: request) }
    }

    /// What the console's listener serves, guarded.
    package static func handler(
        _ context: ConsoleContext,
        guardedBy consoleGuard: ConsoleGuard
    ) -> HTTPHandler {
        var router = HTTPRouter()
        register(context, in: &router)
        let handler = router.handler
        return { request, peer in
            if let refusal = consoleGuard.refusal(of: request) { return refusal }
            return await handler(request, peer)
        }
    }

    /// What the Unix socket serves: the console, and what the commands change.
    ///
    /// The socket's file is the guard: only the service's own user can open it.
    package static func controlHandler(_ context: ConsoleContext) -> HTTPHandler {
        var router = HTTPRouter()
        register(context, in: &router)
        ControlRoutes(context: context).register(in: &router)
        EndpointRoutes(context: context).register(in: &router)
        ReplayRoutes(context: context).register(in: &router)
        return router.handler
    }

    private static func register(_ context: ConsoleContext, in router: inout HTTPRouter) {
        VideoRoutes(context: context).register(in: &router)
        ContentRoute(context: context).register(in: &router)
        EventFeed(context: context).register(in: &router)
        AlarmRoute(context: context).register(in: &router)
        router.on(.get, "/v1/status") { _, _, _ in
            do throws(JournalError) {
                let status = try await StatusListing.read(context.journal.driver)
                return .json(.ok, JSONValue.object(status.json).serialized())
            } catch {
                return ErrorEnvelope.storageUnavailable
            }
        }
        router.on(.get, "/metrics") { _, _, _ in
            HTTPResponse(
                .ok,
                fields: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
                body: .bytes(Array(context.metrics.prometheusText().utf8))
            )
        }
    }
}
