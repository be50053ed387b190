internal import ReelRuntime

/// Whose turn it is to write each part: of those who have it open, the one who opened it last; and
/// who may not open it any more.
///
/// A fetch that was overtaken, because it stood still for longer than its lease, may wake with the
/// part still open, or about to open it, and must not touch what another has fetched since. So each
/// attempt draws a ticket at its start, while it certainly has its claim, and a part that a later
/// ticket has opened is closed to an earlier one.
final class PartTurns: Sendable {
    private struct State {
        /// The last number given out, to a ticket or a turn.
        var last: UInt64 = 0
        var current: [String: UInt64] = [:]
        /// The latest ticket that opened a part, as long as there are earlier ones.
        var latest: [String: UInt64] = [:]
        var tickets: Set<UInt64> = []
    }

    private let state = Locked(State())

    func drawTicket() -> UInt64 {
        state.withLock { state in
            state.last += 1
            state.tickets.insert(state.last)
            return state.last
        }
    }

    func giveBack(_ ticket: UInt64) {
        state.withLock { state in
            state.tickets.remove(ticket)
            let oldest = state.tickets.min() ?? .max
            state.latest = state.latest.filter { $0.value > oldest }
        }
    }

    /// Takes the turn from whoever has it; nil for a ticket that comes too late.
    func begin(_ path: String, with ticket: UInt64) -> UInt64? {
        state.withLock { state in
            guard state.latest[path] ?? 0 <= ticket else { return nil }
            state.latest[path] = ticket
            state.last += 1
            state.current[path] = state.last
            return state.last
        }
    }

    func isOn(_ turn: UInt64, _ path: String) -> Bool {
        state.withLock { $0.current[path] == turn }
    }

    /// Whether no later ticket has opened the part.
    func isLatest(_ ticket: UInt64, _ path: String) -> Bool {
        state.withLock { $0.latest[path] ?? 0 <= ticket }
    }

    func end(_ turn: UInt64, _ path: String) {
        state.withLock { state in
            if state.current[path] == turn { state.current[path] = nil }
        }
    }
}
