internal import ReelJournal
internal import ReelObservability

/// What was deleted for its age.
struct UpkeepMetrics: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case events
        case videos
        case replays

        init(_ subject: PruneRequest.Subject) {
            switch subject {
            case .entries: self = .events
            case .videos: self = .videos
            case .replays: self = .replays
            }
        }
    }

    private let deleted: [Kind: Counter]
    private let deletedFiles: Counter
    private let deletedBytes: Counter

    init(_ metrics: Metrics) {
        deletedFiles = metrics.counter(
            "reelhook_files_deleted_total",
            help: "Videos whose stored files were deleted."
        )
        deletedBytes = metrics.counter(
            "reelhook_files_deleted_bytes_total",
            help: "Bytes of stored files that were deleted."
        )
        deleted = Dictionary(
            uniqueKeysWithValues: Kind.allCases.map { kind in
                let counter = metrics.counter(
                    "reelhook_retention_deleted_total",
                    help: "What was deleted from the journal because it was old.",
                    labels: ["what": kind.rawValue]
                )
                return (kind, counter)
            }
        )
    }

    func countFiles(byteCount: Int64) {
        deletedFiles.increment()
        deletedBytes.increment(by: Int(byteCount))
    }

    func count(_ kind: Kind, _ number: Int) { deleted[kind]?.increment(by: number) }
}
