internal import ReelObservability

/// The numbers of the fetch.
struct FetchMetrics: Sendable {
    /// What became of a file.
    enum Result: String { case fetched, absent, lost }

    private let metrics: Metrics
    private let bytes: Counter

    init(_ metrics: Metrics) {
        self.metrics = metrics
        bytes = metrics.counter(
            "reelhook_fetched_bytes_total",
            help: "Bytes of files that were fetched whole."
        )
    }

    func countFile(_ result: Result, byteCount: Int64 = 0) {
        metrics.counter(
            "reelhook_files_total",
            help: "Files of videos, by what became of the fetch.",
            labels: ["result": result.rawValue]
        ).increment()
        bytes.increment(by: Int(byteCount))
    }

    func countDifference(_ trait: MediaOrder.Trait) {
        metrics.counter(
            "reelhook_media_differences_total",
            help: "Videos that are not what was ordered, by what they differ in.",
            labels: ["trait": trait.rawValue]
        ).increment()
    }
}
