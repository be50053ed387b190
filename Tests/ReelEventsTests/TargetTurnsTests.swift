import Testing

@testable import ReelEvents

struct TargetTurnsTests {
    private let fresh = TargetTurns(turnCountMax: 2, targetCountMax: 2)

    @Test func `a target has so many turns and no more`() {
        var turns = fresh
        #expect(turns.take("a") == .pass)
        #expect(turns.take("a") == .pass)
        #expect(turns.take("a") == .wait(behind: 0))
        #expect(turns.take("b") == .pass)
        turns.giveBack("a")
        #expect(!turns.hasOpenings)
        #expect(turns.take("a") == .pass)
    }

    @Test func `what is pressing takes one more, and no one is called until it ends`() {
        var turns = fresh
        for _ in 0..<3 { #expect(turns.take("a", isPressing: true) == .pass) }
        turns.waits("a")
        turns.giveBack("a")
        #expect(!turns.hasOpenings)
        turns.giveBack("a")
        #expect(turns.takeOpenings() == ["a": 1])
    }

    @Test func `each turn that is given back is an opening for one that waits`() {
        var turns = fresh
        for _ in 0..<2 { #expect(turns.take("a") == .pass) }
        for _ in 0..<3 { turns.waits("a") }
        #expect(turns.take("a") == .wait(behind: 3))
        #expect(!turns.hasOpenings)
        turns.giveBack("a")
        turns.giveBack("a")
        #expect(turns.takeOpenings() == ["a": 2])
        #expect(turns.takeOpenings().isEmpty)
        #expect(turns.take("a") == .pass)
        turns.giveBack("a")
        #expect(turns.takeOpenings() == ["a": 1])
        #expect(!turns.hasOpenings)
    }

    @Test func `who comes to wait when there is room is called at once`() {
        var turns = fresh
        turns.waits("a")
        #expect(turns.takeOpenings() == ["a": 1])
    }

    @Test func `what the journal was not told is told again`() {
        var turns = fresh
        #expect(turns.take("a") == .pass)
        for _ in 0..<2 { turns.waits("a") }
        let openings = turns.takeOpenings()
        #expect(openings == ["a": 1])
        turns.putBack(openings)
        #expect(turns.takeOpenings() == openings)
        #expect(turns.take("a") == .pass)
        #expect(turns.take("a") == .wait(behind: 1))
    }

    @Test func `a call that nobody followed is made again`() {
        var turns = fresh
        for _ in 0..<3 { turns.waits("a") }
        #expect(turns.takeOpenings() == ["a": 2])
        turns.reopen()
        #expect(turns.takeOpenings() == ["a": 1])
        turns.reopen()
        #expect(!turns.hasOpenings)
    }

    @Test func `targets beyond the number that is told apart have no limit`() {
        var turns = fresh
        #expect(turns.take("a") == .pass)
        #expect(turns.take("b") == .pass)
        for _ in 0..<5 { #expect(turns.take("c") == .pass) }
        for _ in 0..<5 { turns.giveBack("c") }
        turns.giveBack("a")
        for _ in 0..<2 { #expect(turns.take("c") == .pass) }
        #expect(turns.take("c") == .wait(behind: 0))
    }
}
