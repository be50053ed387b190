internal import ReelEvents
internal import ReelHTTP
internal import ReelHTTPServer
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime

/// Replays over the Unix socket: begun, listed, stopped and continued.
struct ReplayRoutes: Sendable {
    let context: ConsoleContext

    /// Events in a thousand seconds, unless the request says otherwise.
    private static let standardRate = 100_000
    private static let rateRange: ClosedRange<Int64> = 1...10_000_000

    func register(in router: inout HTTPRouter) {
        router.on(.post, "/control/events/replay") { request, _, _ in await begin(request) }
        router.on(.get, "/control/replays") { _, _, _ in await list() }
        router.on(.get, "/control/replays/{number}") { _, parameters, _ in
            await show(parameters["number"])
        }
        router.on(.post, "/control/replays/{number}/stop") { _, parameters, _ in
            await move(parameters["number"], to: .stopped)
        }
        router.on(.post, "/control/replays/{number}/continue") { _, parameters, _ in
            await move(parameters["number"], to: .running)
        }
    }

    private func begin(_ request: HTTPRequest) async -> HTTPResponse {
        guard let body = try? JSONParser.parse(request.body), let filter = body["filter"],
            let conditions = EntryQuery(json: filter)
        else { return Self.refused("the filter is not understood", "filter") }
        let rate = body["rate"]?.integer ?? Int64(Self.standardRate)
        guard Self.rateRange.contains(rate) else {
            return Self.refused("the rate is from 0.001 to 10000 events a second", "rate")
        }
        do throws(JournalError) {
            let driver = context.journal.driver
            let query = try await conditions.settled(driver)
            let count = try await query.replayCount(driver)
            let matched = min(count, body["limit"]?.integer ?? count)
            guard body["dry_run"]?.bool != true, matched > 0 else {
                let answer: JSONObject = ["matched": .integer(matched), "replayed": .integer(0)]
                return .json(.ok, JSONValue.object(answer).serialized())
            }
            let now = context.time.now()
            let job = try await driver.begin(
                ReplayJob(
                    filter: String(decoding: query.json.serialized(), as: UTF8.self),
                    rate: Int(rate),
                    lastSequence: try await driver.lastSequence(),
                    matchedCount: matched,
                    createdAt: now,
                    updatedAt: now
                )
            )
            context.replayBell.ring()
            return .json(.ok, EntryListing.json(job).serialized())
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    private func list() async -> HTTPResponse {
        do throws(JournalError) {
            let jobs = try await context.journal.driver.replays()
            let body: JSONObject = ["replays": .array(jobs.map { EntryListing.json($0) })]
            return .json(.ok, JSONValue.object(body).serialized())
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    private func show(_ text: String?) async -> HTTPResponse {
        guard let number = text.flatMap({ Int64($0) }) else { return Self.numberless }
        do throws(JournalError) {
            guard let job = try await context.journal.driver.replay(number) else {
                return Self.unknown(number)
            }
            return .json(.ok, EntryListing.json(job).serialized())
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    private func move(_ text: String?, to state: ReplayState) async -> HTTPResponse {
        guard let number = text.flatMap({ Int64($0) }) else { return Self.numberless }
        do throws(JournalError) {
            let driver = context.journal.driver
            let isMoved = try await driver.move(number, to: state, at: context.time.now())
            context.replayBell.ring()
            guard let job = try await driver.replay(number) else { return Self.unknown(number) }
            guard isMoved || job.state == state else {
                return Self.refused("replay \(number) is \(job.state.rawValue)", "number")
            }
            return .json(.ok, EntryListing.json(job).serialized())
        } catch {
            return ErrorEnvelope.storageUnavailable
        }
    }

    private static var numberless: HTTPResponse { refused("a replay has a number", "number") }

    private static func unknown(_ number: Int64) -> HTTPResponse {
        ErrorEnvelope.response(
            .notFound,
            "there is no replay \(number)",
            code: "unknown_replay",
            parameter: "number"
        )
    }

    private static func refused(_ message: String, _ parameter: String) -> HTTPResponse {
        ErrorEnvelope.response(
            .badRequest,
            message,
            code: "invalid_value",
            parameter: parameter
        )
    }
}
