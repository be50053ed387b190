internal import ReelJournal
internal import ReelReconciler
internal import ReelRuntime
internal import Reelhook

/// How a world keeps things for a short time: minutes, where users have days.
struct Brevity {
    private let spans: [RetentionSpan: Duration]
    private let files: FileRetentionSettings
    /// Whether the provider refuses some deletions for good.
    let refusesDeletions: Double
    /// From the beginning of some upkeep to the next.
    let interval: Duration

    /// What a world keeps for a short time, if it does.
    init?(_ chance: inout Chance) {
        guard chance.happens(0.35) else { return nil }
        func one(of seconds: [Int], _ chance: inout Chance) -> Duration {
            .seconds(seconds[chance.below(seconds.count)])
        }
        let finished = one(of: [30, 120, 600], &chance)
        spans = [
            .finished: finished,
            .unhandled: one(of: [30, 300], &chance),
            .dead: one(of: [60, 300, 1_500], &chance),
            // Mostly for longer than any sender goes on, as users have to.
            .videos: one(of: [600, 21_600, 21_600], &chance),
            .replays: one(of: [30, 300], &chance),
        ]
        var files = FileRetentionSettings()
        if chance.happens(0.5) { files.age = one(of: [60, 300, 900], &chance) }
        if chance.happens(0.3) { files.videoCountMax = Int64(chance.within(1...2)) }
        if chance.happens(0.3) {
            files.byteCountMax = Int64(chance.within(1...3) * (Media.film.count + 12_000))
        }
        files.deletesAtProvider = chance.happens(0.7)
        files.deletion.attemptCountMax = [2, 30][chance.below(2)]
        self.files = files
        refusesDeletions = [0, 0.3, 0.7][chance.below(3)]
        interval = one(of: [40, 200], &chance)
    }

    func apply(to configuration: inout Configuration) {
        for (span, length) in spans { configuration.retention[span] = length }
        configuration.fileRetention = files
    }
}
