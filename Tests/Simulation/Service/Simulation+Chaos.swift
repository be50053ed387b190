internal import ReelHTTP
internal import ReelJSON
internal import ReelSystem

// What goes wrong, and when: all of it drawn from the seed.
extension Simulation {
    /// Plans everything that happens until the calm.
    func plan(until end: Int) {
        planVideos(until: end)
        planCrashes(until: end)
        planDisk(until: end)
        planWorld(until: end)
        planOperator(until: end)
        planDepartures(until: end)
        network.weather.refusal = [0, 0.02, 0.2][chance.below(3)]
        network.weather.lostAnswer = [0, 0.02, 0.1][chance.below(3)]
        network.weather.slowness = [0, 0.05][chance.below(2)]
        provider.weather.refusal = [0, 0.05, 0.3][chance.below(3)]
        provider.weather.cut = [0, 0.2, 0.7][chance.below(3)]
        provider.weather.newVersion = [0, 0.3][chance.below(2)]
        provider.weather.knowsRanges = chance.happens(0.8)
        provider.weather.refusedVideos = [0, 0.4][chance.below(2)]
        target.failure = [0, 0.1, 0.5][chance.below(3)]
        target.refusals = [0, 0.2][chance.below(2)]
        deliveries.weather.loss = [0, 0.1, 0.5, 1][chance.below(4)]
        deliveries.weather.doubling = [0, 0.3][chance.below(2)]
        deliveries.weather.lateness = [0, 0.2][chance.below(2)]
        commandFailure = [0, 0.2, 0.9][chance.below(3)]
        dawdling = [0, 0.05, 0.3][chance.below(3)]
        stalling = [0, 0.1, 0.5][chance.below(3)]
    }

    private func at(_ seconds: Int, _ call: @escaping () -> Void) {
        world.after(.seconds(seconds), nil, call)
    }

    private func planVideos(until end: Int) {
        for _ in 0..<chance.within(1...7) {
            let isAsked = chance.happens(0.5)
            at(chance.below(end)) { [self] in
                if isAsked {
                    ask("/v1/videos", #"{"model":"sora-2","prompt":"a cat","seconds":"4"}"#)
                } else {
                    _ = provider.create()
                }
            }
        }
        for _ in 0..<chance.below(3) { at(chance.below(end)) { [self] in deliveries.sendNoise() } }
    }

    /// Has a new video tell of itself when it is time.
    func announce(_ video: SimulatedProvider.Video) {
        let work = max(video.endsAt - world.trueMilliseconds, 0)
        for _ in 0..<chance.below(3) {
            world.after(.milliseconds(Int64(chance.below(Int(work) + 1)))) { [self] in
                deliveries.tell("video.progress", of: video)
            }
        }
        world.after(.milliseconds(work)) { [self] in
            let end = video.end == .completed ? "video.completed" : "video.failed"
            deliveries.tell(end, of: video)
            // Some servers tell the opposite later, or tell twice under another id.
            if chance.happens(0.05) { deliveries.tell(end, of: video) }
            if chance.happens(0.03) { deliveries.tell("video.failed", of: video) }
        }
    }

    /// The console says which video it made.
    func noteCreation(_ response: HTTPResponse) {
        guard case .bytes(let body) = response.body,
            let id = (try? JSONParser.parse(body))?["id"]?.string, provider.video(id) != nil
        else { return oracle.violation("a creation is answered without an id") }
    }

    private func planCrashes(until end: Int) {
        for _ in 0..<chance.below(7) {
            let cutsPower = chance.happens(0.6)
            switch chance.below(7) {
            case 0: at(chance.below(end)) { [self] in crash(cuttingPower: cutsPower) }
            case 1:
                // In the midst of whatever the disk is asked for then.
                let count = chance.within(1...200)
                lie(in: chance.below(end), for: count, onlySyncs: false)
            case 2:
                // Between two steps of it, wherever that is.
                let count = chance.within(1...400)
                at(chance.below(end)) { [self] in crash(afterSteps: count, cutsPower) }
            case 3:
                lie(in: chance.below(end), for: chance.within(1...20), onlySyncs: true)
            case 4, 5:
                let moments = Oracle.Moment.allCases
                ambushes.append(
                    Ambush(
                        moment: moments[chance.below(moments.count)],
                        left: chance.within(1...5),
                        span: chance.happens(0.5) ? .zero : .microseconds(chance.below(30_000)),
                        stepCount: chance.below(40),
                        cutsPower: cutsPower
                    )
                )
            default: at(chance.below(end)) { [self] in stop() }
            }
        }
    }

    /// Has the process die at a call of the disk some calls after a moment.
    private func lie(in seconds: Int, for count: Int, onlySyncs: Bool) {
        at(seconds) { [self] in
            storage.deadlyCall = storage.callCount + count
            storage.isDeadlyToSync = onlySyncs
        }
    }

    /// A crash soon after something was said.
    struct Ambush {
        let moment: Oracle.Moment
        /// How often that is to be said before.
        var left: Int
        /// How long after it, and how many steps later.
        let span: Duration
        let stepCount: Int
        let cutsPower: Bool
    }

    /// Springs what waits for a moment.
    func spring(_ moment: Oracle.Moment) {
        guard !isCalm else { return }
        for index in ambushes.indices where ambushes[index].moment == moment {
            ambushes[index].left -= 1
            guard ambushes[index].left == 0 else { continue }
            let ambush = ambushes[index]
            if ambush.span > .zero {
                world.after(ambush.span) { [self] in crash(afterSteps: 0, ambush.cutsPower) }
            } else {
                crash(afterSteps: ambush.stepCount, ambush.cutsPower)
            }
        }
    }

    private func crash(afterSteps count: Int, _ cutsPower: Bool) {
        guard !isCalm else { return }
        guard count > 0 else { return crash(cuttingPower: cutsPower) }
        world.soon { [self] in crash(afterSteps: count - 1, cutsPower) }
    }

    private func planDisk(until end: Int) {
        for _ in 0..<chance.below(3) {
            let start = chance.below(end)
            let length = chance.within(1...120)
            let kind = chance.below(5)
            let probability = [0.01, 0.1, 0.6][chance.below(3)]
            at(start) { [self] in
                world.note("the disk turns bad: \(kind) \(probability)")
                switch kind {
                case 0: storage.weather.writeFailure = probability
                case 1: storage.weather.syncFailure = probability
                case 2: storage.weather.nameFailure = probability
                case 3: storage.weather.readFailure = probability / 4
                default: storage.weather.capacity = storage.usedByteCount + 20_000
                }
            }
            at(start + length) { [self] in storage.weather = Storage.Weather() }
        }
    }

    private func planWorld(until end: Int) {
        if chance.happens(0.3) {
            let jump = Int64(chance.happens(0.5) ? 3_600_000 : -3_600_000)
            let start = chance.below(end)
            at(start) { [self] in
                world.note("the clock jumps by \(jump) ms")
                oracle.hasStoodStill = true
                world.wallError += jump
            }
            if chance.happens(0.7) {
                at(start + chance.within(10...1_200)) { [self] in world.wallError = 0 }
            }
        }
        for _ in 0..<chance.below(3) {
            let span = chance.span(2_000...150_000)
            let isWhole = chance.happens(0.3)
            at(chance.below(end)) { [self] in pause(whole: isWhole, for: span) }
        }
        if chance.happens(0.3) {
            let start = chance.below(end)
            at(start) { [self] in provider.weather.isOut = true }
            at(start + chance.within(10...900)) { [self] in provider.weather.isOut = false }
        }
        if chance.happens(0.15) { at(chance.below(end)) { [self] in provider.forget() } }
        if chance.happens(0.15) { at(chance.below(end)) { [self] in target.isGone = true } }
        if chance.happens(0.2) { at(chance.below(end)) { [self] in relent() } }
    }

    /// Whoever said no for good says yes.
    private func relent() {
        provider.relent()
        target.relent()
    }

    private func planOperator(until end: Int) {
        for _ in 0..<chance.below(5) {
            at(chance.below(end)) { [self] in act([.retry, .retry, .replay, .discard]) }
        }
    }

    /// What an operator does about events.
    private enum Deed: String { case retry, replay, discard }

    /// Does one of some deeds, to what was drawn.
    private func act(_ deeds: [Deed]) {
        let type = ["video.completed", "video.failed", "video.progress"][chance.below(3)]
        let filters = [
            #"{"types":["video.completed"]}"#, #"{"types":["\#(type)"]}"#,
            #"{"states":["dead"]}"#,
        ]
        let deed = deeds[chance.below(deeds.count)]
        let filter = filters[chance.below(filters.count)]
        let rate = deed == .replay ? #","rate":\#([1, 100_000][chance.below(2)])"# : ""
        world.note("the operator: \(deed) \(filter)")
        ask("/control/events/\(deed)", #"{"filter":\#(filter),"reason":"no"\#(rate)}"#)
    }

    /// What an operator does about what is left of the chaos.
    func planRepair() {
        for _ in 0..<chance.below(3) {
            at(chance.within(1...sweepSeconds)) { [self] in act([.retry, .retry, .discard]) }
        }
    }

    /// Nothing goes wrong any more.
    func calm() {
        world.note("calm")
        isCalm = true
        storage.weather = Storage.Weather()
        storage.deadlyCall = nil
        network.weather = SimulatedNetwork.Weather()
        provider.weather = SimulatedProvider.Weather()
        deliveries.weather = Deliveries.Weather(loss: 0, doubling: 0, lateness: 0)
        relent()
        (commandFailure, dawdling, stalling) = (0, 0, 0)
        ambushes = []
        world.wallError = 0
    }

    /// A program of the user's, which may be slow, fail or die.
    func run(_ request: ProcessRequest, _ process: SimulatedProcess) async -> ProcessResult {
        func result(_ ending: ProcessResult.Ending) -> ProcessResult {
            ProcessResult(ending: ending, standardOutput: [], standardError: [], isOutputCut: false)
        }
        let fails = chance.happens(commandFailure)
        let span = chance.span(fails && chance.happens(0.3) ? 20_000...90_000 : 5...3_000)
        do {
            try await process.time.sleep(for: min(span, request.timeLimit))
        } catch {
            return result(.cancelled)
        }
        guard span < request.timeLimit else { return result(.timedOut) }
        guard fails else { return result(.exited(status: 0)) }
        return result(chance.happens(0.5) ? .signalled(9) : .exited(status: 1))
    }
}
