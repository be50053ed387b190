internal import ReelJournal

/// A state that is kept as a small number: the numbers are part of the schema and never change.
protocol StoredCode: Sendable {
    /// The cases, each at the place that is its number.
    static var inCodeOrder: [Self] { get }
    var code: Int64 { get }
}

extension StoredCode {
    /// The case of a number.
    ///
    /// - Throws: `SQLiteFault.misread` for a number that no case has.
    static func stored(_ code: Int64) throws(SQLiteFault) -> Self {
        guard inCodeOrder.indices.contains(Int(code)) else { throw .misread }
        return inCodeOrder[Int(code)]
    }
}

extension EventState: StoredCode {
    static let inCodeOrder: [EventState] = [
        .pending, .running, .waiting, .done, .dead, .discarded, .unhandled, .duplicate,
        .contradicted,
    ]

    var code: Int64 {
        switch self {
        case .pending: 0
        case .running: 1
        case .waiting: 2
        case .done: 3
        case .dead: 4
        case .discarded: 5
        case .unhandled: 6
        case .duplicate: 7
        case .contradicted: 8
        }
    }
}

extension RunState: StoredCode {
    static let inCodeOrder: [RunState] = [
        .pending, .running, .waiting, .done, .dead, .discarded,
    ]

    var code: Int64 {
        switch self {
        case .pending: 0
        case .running: 1
        case .waiting: 2
        case .done: 3
        case .dead: 4
        case .discarded: 5
        }
    }
}

extension BreakerState: StoredCode {
    static let inCodeOrder: [BreakerState] = [.closed, .open, .halfOpen]

    var code: Int64 {
        switch self {
        case .closed: 0
        case .open: 1
        case .halfOpen: 2
        }
    }
}

extension ReplayState: StoredCode {
    static let inCodeOrder: [ReplayState] = [.running, .stopped, .done]

    var code: Int64 {
        switch self {
        case .running: 0
        case .stopped: 1
        case .done: 2
        }
    }
}

extension JobState: StoredCode {
    static let inCodeOrder: [JobState] = [.open, .completed, .failed, .lost, .deleted]

    var code: Int64 {
        switch self {
        case .open: 0
        case .completed: 1
        case .failed: 2
        case .lost: 3
        case .deleted: 4
        }
    }
}

extension JobOrigin: StoredCode {
    static let inCodeOrder: [JobOrigin] = [.console, .track, .list, .event]

    var code: Int64 {
        switch self {
        case .console: 0
        case .track: 1
        case .list: 2
        case .event: 3
        }
    }
}

extension AssetState: StoredCode {
    static let inCodeOrder: [AssetState] = [
        .pending, .partial, .fetched, .stored, .absent, .lost, .leaving, .deleted,
    ]

    var code: Int64 {
        switch self {
        case .pending: 0
        case .partial: 1
        case .fetched: 2
        case .stored: 3
        case .absent: 4
        case .lost: 5
        case .leaving: 6
        case .deleted: 7
        }
    }
}

extension EntryOrigin: StoredCode {
    static let inCodeOrder: [EntryOrigin] = [.webhook, .poll, .replay]

    var code: Int64 {
        switch self {
        case .webhook: 0
        case .poll: 1
        case .replay: 2
        }
    }
}

extension TerminalState: StoredCode {
    static let inCodeOrder: [TerminalState] = [.completed, .failed]

    var code: Int64 {
        switch self {
        case .completed: 0
        case .failed: 1
        }
    }
}
