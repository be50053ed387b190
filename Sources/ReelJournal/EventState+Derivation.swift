extension EventState {
    /// Where an event stands whose runs stand like this; nil without runs.
    ///
    /// What is being done comes before what waits, and what is open before how it ended. An event
    /// of which one run ended and another has not begun is `running`: it does not go back to
    /// `pending`.
    package init?(runs: [RunState]) {
        guard !runs.isEmpty else { return nil }
        if runs.contains(.running) {
            self = .running
        } else if runs.contains(.waiting) {
            self = .waiting
        } else if runs.contains(.pending) {
            self = runs.allSatisfy { $0 == .pending } ? .pending : .running
        } else if runs.contains(.dead) {
            self = .dead
        } else if runs.contains(.discarded) {
            self = .discarded
        } else {
            self = .done
        }
    }
}

extension RunState {
    /// Whether something is still to be done.
    package var isOpen: Bool {
        switch self {
        case .pending, .running, .waiting: true
        case .done, .dead, .discarded: false
        }
    }
}
