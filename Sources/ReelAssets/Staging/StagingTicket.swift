/// The place of an attempt among all that fetch: what a later one has opened is closed to it.
///
/// To be drawn before the attempt makes sure that the work is still its own.
package final class StagingTicket: Sendable {
    let number: UInt64
    private let turns: PartTurns

    init(_ turns: PartTurns) {
        self.turns = turns
        number = turns.drawTicket()
    }

    deinit { turns.giveBack(number) }
}
