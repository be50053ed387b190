internal import ReelObservability

/// What the journal knows of its place on the disk.
struct SpaceMetrics: Sendable {
    let byteCount: Gauge
    let spareByteCount: Gauge
    let isDiskFull: Gauge
    let reserveByteCount: Gauge

    init(_ metrics: Metrics) {
        byteCount = metrics.gauge(
            "reelhook_journal_bytes",
            help: "Bytes of the database when space was last looked for."
        )
        spareByteCount = metrics.gauge(
            "reelhook_journal_spare_bytes",
            help: "Bytes of the database that nothing used then."
        )
        isDiskFull = metrics.gauge(
            "reelhook_journal_disk_full",
            help: "1 while the disk is full and nothing new is taken in."
        )
        reserveByteCount = metrics.gauge(
            "reelhook_journal_reserve_bytes",
            help: "Bytes that are kept on the disk for when it is full."
        )
    }
}
