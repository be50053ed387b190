import ReelJournal
import Testing

struct RunPlanTests {
    /// Steps with a lane are written with a star.
    private func plan(_ words: String) -> RunPlan {
        let steps = words.split(separator: " ").map(String.init)
        return RunPlan(
            chain: "c",
            steps: steps,
            lanes: steps.map { $0.hasPrefix("*") ? $0 : nil }
        )
    }

    @Test(arguments: [
        ("fetch store", [[0]]), ("fetch store *a", [[0], [2]]),
        ("fetch store *a *b", [[0], [2, 3]]), ("*a *b *c", [[0, 1, 2]]),
        ("*a run *b *c run again", [[0], [1], [2, 3], [4]]),
        ("*a *a *b", [[0, 2]]), ("*a *b *a *b *c", [[0, 1], [2, 3, 4]]),
    ])
    func `a chain begins stage after stage`(_ words: String, _ stages: [[Int]]) {
        let plan = plan(words)
        var found = [plan.firstSteps]
        while let step = found.last?.first, case let next = plan.nextSteps(after: step),
            !next.isEmpty
        {
            found.append(next)
        }
        #expect(found == stages)
        let lines = stages.flatMap(\.self).map { plan.line(of: $0) }
        #expect(lines.flatMap { Array($0) } == Array(plan.steps.indices))
    }

    @Test(arguments: [
        ("fetch *a *b", [nil, "*a", "*b"]), ("fetch *a *b run", [nil, nil, nil, nil]),
        ("*a", ["*a"]), ("fetch store", [nil, nil]), ("*a fetch *b", [nil, nil, "*b"]),
        ("*a *a *b", ["*a", "*a", "*b"]), ("*a *b *a", [nil, nil, "*a"]),
    ])
    func `only what nothing comes after is ordered by its lane`(
        _ words: String,
        _ lanes: [String?]
    ) {
        let plan = plan(words)
        #expect(plan.steps.indices.map { plan.lane(of: $0) } == lanes)
    }
}
