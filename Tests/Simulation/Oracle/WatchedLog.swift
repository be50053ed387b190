internal import ReelObservability

/// The log, in which no secret may stand.
struct WatchedLog: LogSink, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let oracle: Oracle
    let process: SimulatedProcess

    /// What is secret of each secret.
    private static let secrets = [
        Settings.key, Settings.deliverySecret, Settings.notificationSecret,
    ].map { Array($0.utf8.dropFirst(6)) }

    func write(_ record: LogRecord) {
        for field in record.fields {
            guard case .string(let text) = field.value else { continue }
            if Self.tells(text.utf8.span) {
                oracle.violation("a secret stands in the log: \(record.message)")
            }
        }
        guard process.isAlive else { return }
        process.world.note(
            "  \(record.component): \(record.message) "
                + record.fields.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        )
    }

    private static func tells(_ text: Span<UInt8>) -> Bool {
        for secret in secrets where text.count >= secret.count {
            for start in 0...(text.count - secret.count) where text[start] == secret[0] {
                if secret.indices.allSatisfy({ text[start + $0] == secret[$0] }) { return true }
            }
        }
        return false
    }
}
