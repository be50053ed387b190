internal import ReelJournal
internal import ReelRuntime

/// A write that gives claims, and before that takes back those of which nobody heard.
// SAFETY: `takenBack` is touched by the thread that performs the work, and after that by the one
// that tells how it ended.
final class ClaimingWork<Value: Sendable>: TableWork, @unchecked Sendable {
    private let awaited: AwaitedWork<Value>
    private let claims: @Sendable (Value) -> [Claim]
    private let moment: Timestamp
    private let unheard: UnheardClaims
    private var takenBack: [UnheardClaims.Claimed] = []

    init(
        _ awaited: AwaitedWork<Value>,
        giving claims: @escaping @Sendable (Value) -> [Claim],
        at moment: Timestamp,
        _ unheard: UnheardClaims
    ) {
        self.awaited = awaited
        self.claims = claims
        self.moment = moment
        self.unheard = unheard
    }

    func perform(_ tables: JournalTables) throws(SQLiteFault) {
        takenBack += unheard.take()
        try tables.takeBack(takenBack, at: moment)
        try awaited.perform(tables)
    }

    func succeed() { awaited.succeed() }

    func fail(_ error: JournalError) {
        unheard.note(takenBack + (awaited.value.map(claims) ?? []).map { .init($0) })
        awaited.fail(error)
    }
}
