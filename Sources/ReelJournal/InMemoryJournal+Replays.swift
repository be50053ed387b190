internal import ReelRuntime

// Replays of stored events.
extension InMemoryJournal {
    var listedReplays: [ReplayJob] {
        let first = replays.suffix(100).first?.number ?? 0
        return replays.filter { $0.number >= first || $0.state != .done }.reversed()
    }

    mutating func begin(_ replay: ReplayJob) -> ReplayJob {
        var stored = replay
        stored.number = (replays.last?.number ?? 0) + 1
        replays.append(stored)
        return stored
    }

    mutating func advance(_ advance: ReplayAdvance) -> [AppendOutcome]? {
        guard let index = replays.firstIndex(where: { $0.number == advance.number }),
            replays[index].state == .running, replays[index].cursor == advance.from
        else { return nil }
        let outcomes = advance.drafts.map { append($0) }
        replays[index].cursor = advance.to
        replays[index].replayedCount += Int64(outcomes.count)
        if advance.isDone { replays[index].state = .done }
        replays[index].updatedAt = advance.moment
        return outcomes
    }

    mutating func move(_ number: Int64, to state: ReplayState, at moment: Timestamp) -> Bool {
        guard let index = replays.firstIndex(where: { $0.number == number }),
            replays[index].state.mayBecome(state)
        else { return false }
        replays[index].state = state
        replays[index].updatedAt = moment
        return true
    }
}
