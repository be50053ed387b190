import Testing

@testable import ReelHTTPServer

struct ConnectionLedgerTests {
    @Test func `connections go to the loop with the fewest, then are refused, then dropped`() {
        var ledger = ConnectionLedger(loopCount: 2, connectionCountMax: 3, refusalCountMax: 1)
        let admissions = (0..<5).map { _ in ledger.connectionAccepted() }
        #expect(
            admissions == [
                .serve(loop: 0), .serve(loop: 1), .serve(loop: 0), .refuse(loop: 1), .drop,
            ]
        )
        ledger.connectionEnded(.serve(loop: 1))
        ledger.connectionEnded(.refuse(loop: 1))
        ledger.connectionEnded(.drop)
        #expect(ledger.connectionAccepted() == .serve(loop: 1))
        #expect(ledger.connectionAccepted() == .refuse(loop: 1))
        #expect(ledger.servedCounts == [2, 1])
    }
}
