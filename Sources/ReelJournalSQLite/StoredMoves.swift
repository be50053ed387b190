internal import ReelJournal

/// The moves of a life cycle as bits, one word for each state: every write of a run asks for two.
struct StoredMoves<State: LifeCycle & StoredCode>: Sendable {
    private let next: [UInt32]

    /// Reads the life cycle's table.
    init() {
        next = State.inCodeOrder.map { state in
            (state.row?.next ?? []).reduce(0) { $0 | 1 << UInt32($1.code) }
        }
    }

    /// Whether the table has a move from one state to the other.
    func have(_ state: State, to following: State) -> Bool {
        next[Int(state.code)] & 1 << UInt32(following.code) != 0
    }
}
