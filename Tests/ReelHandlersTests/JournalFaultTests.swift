import ReelEvents
import ReelJournal
import ReelProviders
import ReelRuntime
import TestSupport
import Testing

@testable import ReelHandlers

/// What follows when our own journal fails under a handler.
struct JournalFaultTests {
    @Test(arguments: [JournalError.io, .overloaded, .cannotOpen, .driver(code: 7)])
    func `a fault that may be over at once is tried again soon`(_ error: JournalError) {
        let outcome = Outcome.postpone(error, whenFull: .seconds(60))
        #expect(outcome.wait == .seconds(3))
        #expect(outcome.code == "journal_" + error.code)
    }

    @Test func `a full disk is given its time`() {
        #expect(Outcome.postpone(.full, whenFull: .seconds(60)).wait == .seconds(60))
    }

    @Test func `a journal that does not answer costs a fetch no attempt`() async throws {
        let harness = try await HandlerHarness()
        let provider = StubProvider { _, _ throws(ProviderError) in
            throw ProviderError(.notFound, status: 404)
        }
        await harness.driver.close()
        let outcome = await harness.run(harness.fetch(provider))
        #expect(outcome.code == "journal_closed")
        #expect(outcome.wait == .seconds(3) && !outcome.isRetry)
    }

    @Test func `nor a store`() async throws {
        let harness = try await HandlerHarness()
        await harness.driver.close()
        let outcome = await harness.run(harness.storing())
        #expect(outcome.code == "journal_closed")
        #expect(outcome.wait == .seconds(3) && !outcome.isRetry)
    }
}
