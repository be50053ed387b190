package import ReelJournal
package import ReelReconciler

/// How long what is over is kept.
package struct RetentionSettings: Sendable, Hashable {
    private var spans: [RetentionSpan: Duration]

    package init() {
        let all = RetentionSpan.allCases
        spans = Dictionary(uniqueKeysWithValues: all.map { ($0, Self.days($0.standardDayCount)) })
    }

    package subscript(_ span: RetentionSpan) -> Duration {
        get { spans[span] ?? Self.days(span.standardDayCount) }
        set { spans[span] = newValue }
    }

    static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}

/// Which stored files are kept; nothing is deleted unless one of the first three is set.
package struct FileRetentionSettings: Sendable, Hashable {
    /// Counted from when the last file of a video was stored.
    package var age: Duration?
    package var videoCountMax: Int64?
    package var byteCountMax: Int64?
    /// Whether the provider is told to delete the video too.
    package var deletesAtProvider = false
    /// How long a video that the provider does not delete is tried again.
    package var deletion = ProviderDeletion.Policy()

    package init() {}
}

extension Configuration {
    /// Takes over the section `retention`.
    mutating func readRetention(_ section: inout ObjectReader) {
        let range = RetentionSpan.shortestDayCount...RetentionSpan.longestDayCount
        for span in RetentionSpan.allCases {
            guard let count = section.integer(span.key, in: range) else { continue }
            retention[span] = RetentionSettings.days(count)
        }
        guard var files = section.object("files") else { return }
        if let count = files.integer("days", in: 1...RetentionSpan.longestDayCount) {
            fileRetention.age = RetentionSettings.days(count)
        }
        if let count = files.integer("videos_max", in: 1...1_000_000_000) {
            fileRetention.videoCountMax = Int64(count)
        }
        if let count = files.integer("bytes_max", in: 1 << 20...1 << 50) {
            fileRetention.byteCountMax = Int64(count)
        }
        if let deletes = files.bool("delete_at_provider") {
            fileRetention.deletesAtProvider = deletes
        }
        if let count = files.integer("delete_attempts_max", in: 1...1000) {
            fileRetention.deletion.attemptCountMax = count
        }
        files.finish()
    }
}
