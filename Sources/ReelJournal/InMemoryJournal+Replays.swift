internal import ReelRuntime

// Replays of stored events.
extension InMemoryJournal {
    mutating func begin(_ replay: ReplayJob) -> ReplayJob {
        var stored = replay
        stored.number = Int64(replays.count) + 1
        replays.append(stored)
        return stored
    }

    mutating func advance(_ advance: ReplayAdvance) -> [AppendOutcome]? {
        let index = Int(advance.number) - 1
        guard replays.indices.contains(index), replays[index].state == .running,
            replays[index].cursor == advance.from
        else { return nil }
        let outcomes = advance.drafts.map { append($0) }
        replays[index].cursor = advance.to
        replays[index].replayedCount += Int64(outcomes.count)
        if advance.isDone { replays[index].state = .done }
        replays[index].updatedAt = advance.moment
        return outcomes
    }

    mutating func move(_ number: Int64, to state: ReplayState, at moment: Timestamp) -> Bool {
        let index = Int(number) - 1
        guard replays.indices.contains(index), replays[index].state.mayBecome(state) else {
            return false
        }
        replays[index].state = state
        replays[index].updatedAt = moment
        return true
    }
}
