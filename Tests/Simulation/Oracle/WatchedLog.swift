internal import ReelObservability

/// The log, in which no secret may stand.
struct WatchedLog: LogSink, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let oracle: Oracle
    let process: SimulatedProcess

    func write(_ record: LogRecord) {
        for field in record.fields {
            guard case .string(let text) = field.value else { continue }
            for secret in [Settings.key, Settings.deliverySecret, Settings.notificationSecret]
            where text.contains(secret.dropFirst(6)) {
                oracle.violation("a secret stands in the log: \(record.message)")
            }
        }
        guard process.isAlive else { return }
        process.world.note(
            "  \(record.component): \(record.message) "
                + record.fields.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        )
    }
}
