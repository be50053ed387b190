/// Whose turn it is at each target: a state machine.
///
/// No target has more than so many attempts at a time, so that one that takes a request and never
/// answers leaves room for the others. Who finds no turn waits in the journal, and each turn that
/// is given back is an opening for one that does.
struct TargetTurns {
    private struct Standing {
        var takenCount = 0
        /// Those that wait in the journal, as far as this dispatcher put them there.
        var waitingCount = 0
    }

    enum Admission: Equatable {
        case pass
        /// There is no turn, and as many wait for one already.
        case wait(behind: Int)
    }

    private let turnCountMax: Int
    private let targetCountMax: Int
    private var standings: [String: Standing] = [:]
    private var openings: [String: Int] = [:]

    /// Takes the turns that one target has, and the targets that are told apart; what comes beyond
    /// has as many as it takes.
    init(turnCountMax: Int, targetCountMax: Int) {
        self.turnCountMax = turnCountMax
        self.targetCountMax = targetCountMax
    }

    var hasOpenings: Bool { !openings.isEmpty }

    /// Takes a turn, whether there is one or not when it is pressing.
    mutating func take(_ target: String, isPressing: Bool = false) -> Admission {
        guard var standing = standings[target] ?? fresh else { return .pass }
        guard isPressing || standing.takenCount < turnCountMax else {
            return .wait(behind: standing.waitingCount)
        }
        standing.takenCount += 1
        standings[target] = standing
        return .pass
    }

    private var fresh: Standing? { standings.count < targetCountMax ? Standing() : nil }

    /// Gives a turn back.
    mutating func giveBack(_ target: String) {
        guard let index = standings.index(forKey: target) else { return }
        standings.values[index].takenCount = max(standings.values[index].takenCount - 1, 0)
        noteRoom(target, standings.values[index])
        forget(target)
    }

    /// Takes that the journal has one that waits.
    mutating func waits(_ target: String) {
        guard var standing = standings[target] ?? fresh else { return }
        standing.waitingCount += 1
        standings[target] = standing
        noteRoom(target, standing)
    }

    private mutating func noteRoom(_ target: String, _ standing: Standing) {
        let count = openings[target, default: 0]
        guard count < standing.waitingCount, standing.takenCount + count < turnCountMax else {
            return
        }
        openings[target] = count + 1
    }

    /// Takes how many of those that wait are to be called now, by target.
    mutating func takeOpenings() -> [String: Int] {
        let taken = openings
        openings = [:]
        for (target, count) in taken {
            standings[target]?.waitingCount -= count
            forget(target)
        }
        return taken
    }

    /// Takes back what the journal was not told.
    mutating func putBack(_ taken: [String: Int]) {
        for (target, count) in taken {
            guard var standing = standings[target] ?? fresh else { continue }
            standing.waitingCount += count
            standings[target] = standing
            for _ in 0..<count { noteRoom(target, standing) }
        }
    }

    /// Makes openings of all room there is: who was called may not have come.
    mutating func reopen() {
        for (target, standing) in standings where standing.waitingCount > 0 {
            let room = min(standing.waitingCount, turnCountMax - standing.takenCount)
            if room > 0 { openings[target] = room }
        }
    }

    private mutating func forget(_ target: String) {
        guard let standing = standings[target], standing.takenCount == 0,
            standing.waitingCount <= 0
        else { return }
        standings[target] = nil
    }
}
