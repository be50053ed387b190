internal import ReelRuntime

// Who works on what at the same time, and how fast.
extension Oracle {
    /// Somebody at work on a step.
    struct Act {
        let key: RunKey
        let step: String
        /// Under which claim; what is known of its lease is its run's.
        let token: Int64
        /// Until when it has its lease, in the world's time.
        var leaseEnd: Int64?
        /// Where it is done, which may stand still.
        let place: Place
    }

    /// What a call that gives a lease began with.
    struct Term {
        /// In the world's time.
        let begin: Int64
        /// What the clock said.
        let wall: Timestamp

        init(_ process: SimulatedProcess) {
            begin = process.world.now
            wall = process.time.now()
        }
    }

    /// More often than this within five seconds nothing is tried: an answer over the network takes
    /// the half of a tenth of a second, so that what does not wait at all comes to it.
    private static let pace = 20
    private static let paceSpan: Int64 = 5_000_000_000

    /// A handler begins: nobody else is at work on that event in that chain, unless he stood still
    /// when his lease ended.
    func begin(_ key: RunKey, _ step: String, at place: Place) -> Int {
        keepsPace("tries of \(key) \(step)")
        let run = runs[key]
        let call = nextCall()
        for (other, act) in acts where act.key == key {
            let isExcused = act.leaseEnd.map { act.place.stoodStill(at: $0) } ?? true
            if !isExcused { watch(call, other, act) }
        }
        acts[call] = Act(
            key: key,
            step: step,
            token: run?.token ?? 0,
            leaseEnd: run?.leaseEnd,
            place: place
        )
        return call
    }

    /// Two are at work on one step, though one of them may have been held up by the journal alone,
    /// which has just let him go.
    private func watch(_ call: Int, _ other: Int, _ act: Act) {
        world.after(.milliseconds(1)) { [self] in
            guard acts[call] != nil, acts[other] != nil else { return }
            violation("\(act.key) \(act.step) is worked on twice, under token \(act.token) too")
        }
    }

    /// A lease goes on.
    func extend(_ key: RunKey, _ token: Int64) {
        for (call, act) in acts where act.key == key && act.token == token {
            acts[call]?.leaseEnd = runs[key]?.leaseEnd
        }
    }

    /// Something is tried that a fault must not make us try as fast as we can.
    func keepsPace(_ what: String) {
        var last = moments[what] ?? []
        last.append(world.now)
        if last.count > Self.pace {
            let span = last[last.count - 1] - last.removeFirst()
            if span < Self.paceSpan {
                violation("\(what): \(Self.pace + 1) within \(span / 1_000_000) ms")
                last = []
            }
        }
        moments[what] = last
    }
}

extension Oracle.Run {
    /// Somebody has it until a moment that a clock is to reach.
    mutating func lease(until moment: Timestamp, _ term: Oracle.Term) {
        leaseUntil = moment
        // A clock tells whole milliseconds.
        let span = max(moment - term.wall - .milliseconds(1), .zero).components
        leaseEnd = term.begin + span.seconds * 1_000_000_000 + span.attoseconds / 1_000_000_000
    }
}
