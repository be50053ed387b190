/// One chain that an event is to go through.
///
/// Its steps fall into lines, each of which is a run of its own: neighbours of the same lane, or
/// without one. Lines go one after the other, but those of different lanes that stand next to each
/// other are one stage: they begin together, so that none of them holds up another. A stage begins
/// when all of the one before it is done.
package struct RunPlan: Sendable, Hashable {
    package let chain: String
    /// The names of the steps, in order; at least one.
    package let steps: [String]
    /// The lane of each step, where it has one: whom it tells.
    package let lanes: [String?]
    /// The lines that begin together, stage after stage; what they are follows from the lanes.
    private let stages: [[Range<Int>]]

    /// Takes the names of the steps, and their lanes unless none has one.
    ///
    /// - Precondition: There are as many lanes as steps, or none.
    package init(chain: String, steps: [String], lanes: [String?] = []) {
        precondition(lanes.isEmpty || lanes.count == steps.count, "a lane for each step")
        self.chain = chain
        self.steps = steps
        self.lanes = lanes.isEmpty ? steps.map { _ in nil } : lanes
        stages = Self.stages(of: self.lanes)
    }

    package static func == (left: RunPlan, right: RunPlan) -> Bool {
        left.chain == right.chain && left.steps == right.steps && left.lanes == right.lanes
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(chain)
        hasher.combine(steps)
    }

    /// The steps that the run of a step goes through.
    package func line(of step: Int) -> Range<Int> {
        stage(of: step).flatMap { stages[$0].first { $0.contains(step) } } ?? steps.indices
    }

    /// The first steps of the lines that an event begins with.
    package var firstSteps: [Int] { stages.first?.map(\.lowerBound) ?? [] }

    /// The first steps of the lines that begin together with that of a step, that one included.
    package func stageSteps(with step: Int) -> [Int] {
        stage(of: step).map { stages[$0].map(\.lowerBound) } ?? []
    }

    /// The first steps of the lines that begin when the stage of a step is done.
    package func nextSteps(after step: Int) -> [Int] {
        guard let stage = stage(of: step), stages.indices.contains(stage + 1) else { return [] }
        return stages[stage + 1].map(\.lowerBound)
    }

    /// The lane that orders the run of a step among those of other events of the video; nil for one
    /// that is ordered among all of them.
    ///
    /// What something else comes after has none: the chain's order is the wish of its author.
    package func lane(of step: Int) -> String? {
        guard let stage = stage(of: step), stage == stages.count - 1 else { return nil }
        return lanes[step]
    }

    private func stage(of step: Int) -> Int? {
        stages.firstIndex { stage in stage.contains { $0.contains(step) } }
    }

    private static func stages(of lanes: [String?]) -> [[Range<Int>]] {
        var stages: [[Range<Int>]] = []
        var start = 0
        while start < lanes.count {
            let lane = lanes[start]
            let end = lanes[start...].firstIndex { $0 != lane } ?? lanes.count
            let isBeside =
                lane != nil
                && stages.last?.allSatisfy { line in
                    lanes[line.lowerBound] != nil && lanes[line.lowerBound] != lane
                } ?? false
            if isBeside {
                stages[stages.count - 1].append(start..<end)
            } else {
                stages.append([start..<end])
            }
            start = end
        }
        return stages
    }
}
