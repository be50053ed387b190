package import ReelJournal

// What a replay takes of the entries that its conditions name.
extension EntryQuery {
    /// The same conditions without the entries that repeat or contradict what another one says,
    /// unless a state or a sequence names them: a replay tells of each fact once.
    var ofReplay: EntryQuery {
        guard states == nil, sequences == nil else { return self }
        var query = self
        query.states = EventState.allCases.filter(\.speaksForItself)
        return query
    }

    /// Whether a replay takes an entry that matches: what was replayed itself is replayed again
    /// only by its own number or origin.
    func takes(_ entry: JournalEntry) -> Bool {
        takesReplays || entry.origin != .replay
    }

    private var takesReplays: Bool { sequences != nil || origin == .replay }

    /// How many entries a replay by these conditions takes.
    package func replayCount(_ driver: any JournalDriver) async throws(JournalError) -> Int64 {
        let query = ofReplay
        let all = try await driver.count(query)
        guard origin == nil, !takesReplays else { return all }
        var replays = query
        replays.origin = .replay
        return all - (try await driver.count(replays))
    }

    /// The conditions of a replay that begins: an id that only repetitions or contradictions have
    /// names them.
    func settled(_ driver: any JournalDriver) async throws(JournalError) -> EntryQuery {
        guard eventID != nil || webhookID != nil, states == nil, sequences == nil,
            try await replayCount(driver) == 0
        else { return ofReplay }
        var query = self
        query.states = EventState.allCases.filter { !$0.speaksForItself }
        return query
    }
}

extension EventState {
    /// Whether an entry in it is the first of its fact, or is of none.
    fileprivate var speaksForItself: Bool {
        switch self {
        case .pending, .running, .waiting, .done, .dead, .discarded, .unhandled: true
        case .duplicate, .contradicted: false
        }
    }
}
