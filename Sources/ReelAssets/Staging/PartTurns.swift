internal import ReelRuntime

/// Whose turn it is to write each part: of those who have it open, the one who opened it last.
///
/// A fetch that was overtaken, because it stood still for longer than its lease, may wake with the
/// part still open, and must not write into what another has fetched since.
final class PartTurns: Sendable {
    private struct State {
        var last: UInt64 = 0
        var current: [String: UInt64] = [:]
    }

    private let state = Locked(State())

    /// Takes the turn from whoever has it.
    func begin(_ path: String) -> UInt64 {
        state.withLock { state in
            state.last += 1
            state.current[path] = state.last
            return state.last
        }
    }

    func isOn(_ turn: UInt64, _ path: String) -> Bool {
        state.withLock { $0.current[path] == turn }
    }

    func end(_ turn: UInt64, _ path: String) {
        state.withLock { state in
            if state.current[path] == turn { state.current[path] = nil }
        }
    }
}
