internal import ReelJournal
package import Testing

/// One thing that every driver of the journal does, as a sentence and its proof.
package struct JournalConformance: Sendable, CustomTestStringConvertible {
    /// The sentence.
    package let name: String
    /// Whether it closes the journal and opens it again.
    package let needsPersistence: Bool
    private let body: @Sendable (JournalBench) async throws -> Void

    init(
        _ name: String,
        needsPersistence: Bool = false,
        _ body: @escaping @Sendable (JournalBench) async throws -> Void
    ) {
        self.name = name
        self.needsPersistence = needsPersistence
        self.body = body
    }

    package var testDescription: String { name }

    /// All of it.
    package static let everything: [JournalConformance] =
        appending + planning + planningAhead + claiming + lanes + rounds + replays + settling
        + deadLetters
        + reading + retention + files + jobs
        + lasting

    /// Opens a journal, puts it to the proof and closes it.
    ///
    /// What is thrown is recorded at the caller's place, what fails at its own.
    package func run(
        _ subject: JournalSubject,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        guard subject.persists || !needsPersistence else { return }
        do {
            let bench = try JournalBench(subject, driver: try await subject.open())
            try await body(bench)
            await bench.driver.close()
        } catch {
            Issue.record(error, "\(name)", sourceLocation: sourceLocation)
        }
    }
}
