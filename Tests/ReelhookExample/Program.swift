import Reelhook

struct Announce: Handler {
    func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        guard let files = try? await context.files() else {
            return .retry(Reason("journal_busy"))
        }
        for file in files { print("\(event.type) \(file.variant) is at \(file.location)") }
        return .done()
    }
}

@main
struct Program {
    static func main() async throws {
        let service = try ReelhookService(.fromEnvironment()) { steps in
            [
                Chain(
                    "archive",
                    on: [.videoCompleted],
                    steps: [steps.fetch(), steps.store(), Step("announce", Announce())]
                )
            ]
        }
        try await service.run()
    }
}
