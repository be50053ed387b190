internal import ReelEvents

/// A step's handler whose every call the oracle hears, and which is slow or dies as it is told.
struct WatchedHandler: Handler, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let inner: any Handler
    let process: SimulatedProcess
    let oracle: Oracle
    /// How long a handler is to dawdle before it works on an event, for the second dispatcher or
    /// for the first.
    let delay: @Sendable (Event, _ isSecond: Bool) -> Duration

    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        let isSecond = unsafe withUnsafeCurrentTask {
            unsafe $0?.unownedTaskExecutor == process.secondPlace.asUnownedTaskExecutor()
        }
        let place = isSecond ? process.secondPlace : process.place
        let act = process.isAlive ? oracle.handlerBegan(event, context, at: place) : 0
        try? await process.time.sleep(for: delay(event, isSecond))
        let outcome = await inner.handle(event, context)
        if process.isAlive { oracle.handlerEnded(act, event, context, outcome) }
        return outcome
    }

    func target(of event: Event) -> String? { inner.target(of: event) }

    var needsLink: Bool { inner.needsLink }

    static func chains(
        _ chains: [Chain],
        _ process: SimulatedProcess,
        _ oracle: Oracle,
        _ delay: @escaping @Sendable (Event, Bool) -> Duration
    ) -> [Chain] {
        chains.map { chain in
            let steps = chain.steps.map { step in
                Step(
                    step.name,
                    WatchedHandler(
                        inner: step.handler,
                        process: process,
                        oracle: oracle,
                        delay: delay
                    ),
                    retry: step.retry,
                    timeLimit: step.timeLimit,
                    lane: step.lane
                )
            }
            return Chain(chain.name, on: chain.types, steps: steps)
        }
    }
}
