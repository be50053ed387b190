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
        network.weather.refusal = [0, 0.02, 0.2][chance.below(3)]
        network.weather.lostAnswer = [0, 0.02, 0.1][chance.below(3)]
        network.weather.slowness = [0, 0.05][chance.below(2)]
        provider.weather.refusal = [0, 0.05, 0.3][chance.below(3)]
        provider.weather.cut = [0, 0.2, 0.7][chance.below(3)]
        provider.weather.newVersion = [0, 0.3][chance.below(2)]
        provider.weather.knowsRanges = chance.happens(0.8)
        target.failure = [0, 0.1, 0.5][chance.below(3)]
        deliveries.weather.loss = [0, 0.1, 0.5, 1][chance.below(4)]
        deliveries.weather.doubling = [0, 0.3][chance.below(2)]
        deliveries.weather.lateness = [0, 0.2][chance.below(2)]
        commandFailure = [0, 0.2][chance.below(2)]
        dawdling = [0, 0.05][chance.below(2)]
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
            switch chance.below(4) {
            case 0: at(chance.below(end)) { [self] in crash(cuttingPower: cutsPower) }
            case 1:
                // In the midst of whatever the disk is asked for then.
                let count = chance.within(1...200)
                at(chance.below(end)) { [self] in
                    storage.deadlyCall = storage.callCount + count
                }
            case 2:
                // Between two steps of it, wherever that is.
                let count = chance.within(1...400)
                at(chance.below(end)) { [self] in crash(afterSteps: count, cutsPower) }
            default: at(chance.below(end)) { [self] in stop() }
            }
        }
    }

    private func crash(afterSteps count: Int, _ cutsPower: Bool) {
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
    }

    private func planOperator(until end: Int) {
        for _ in 0..<chance.below(5) {
            let type = #"{"filter":{"types":["video.completed"]},"reason":"no"}"#
            switch chance.below(4) {
            case 0: at(chance.below(end)) { [self] in ask("/control/events/discard", type) }
            case 1: at(chance.below(end)) { [self] in ask("/control/events/replay", type) }
            default: at(chance.below(end)) { [self] in ask("/control/events/retry", type) }
            }
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
        target.failure = 0
        commandFailure = 0
        dawdling = 0
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
