internal import CReelCurl
internal import Glibc
internal import ReelObservability
internal import ReelRuntime

/// What the client's thread does: it takes what tasks tell it, lets libcurl work, wakes readers and
/// sees to the limits.
///
/// It is used on that thread alone.
final class CurlLoop {
    private let configuration: HTTPClientConfiguration
    private let multi: CurlMulti
    private let mailbox: TransferMailbox
    private let time: any TimeSource
    private let metrics: Metrics
    private var active: [UInt: EasyTransfer] = [:]
    private var keys: [ObjectIdentifier: UInt] = [:]
    private var activeCounts: [String: Int] = [:]
    private var waiting: [Transfer] = []

    init(
        configuration: HTTPClientConfiguration,
        multi: CurlMulti,
        mailbox: TransferMailbox,
        time: any TimeSource,
        metrics: Metrics
    ) {
        self.configuration = configuration
        self.multi = multi
        self.mailbox = mailbox
        self.time = time
        self.metrics = metrics
    }

    /// Runs until the client is stopped, and ends every transfer then.
    func run() {
        blockSignals()
        while true {
            let batch = mailbox.take()
            for command in batch.commands { perform(command) }
            if batch.isStopped { break }
            startWaiting()
            multi.perform()
            for finished in multi.takeFinished() {
                guard let easy = active[finished.key] else { continue }
                finish(easy, easy.error(for: finished.code))
            }
            for easy in active.values { easy.flush() }
            endTimedOut()
            startWaiting()
            multi.poll(milliseconds: millisecondsToWait())
        }
        for transfer in waiting { close(transfer, .cancelled) }
        waiting = []
        for easy in Array(active.values) { finish(easy, .cancelled) }
        multi.close()
    }

    private func perform(_ command: TransferMailbox.Command) {
        switch command {
        case .start(let transfer):
            waiting.append(transfer)
        case .resume(let transfer):
            easy(transfer)?.resume()
        case .end(let transfer):
            if let easy = easy(transfer) {
                finish(easy, .cancelled)
            } else if let index = waiting.firstIndex(where: { $0 === transfer }) {
                close(waiting.remove(at: index), .cancelled)
            }
        }
    }

    private func easy(_ transfer: Transfer) -> EasyTransfer? {
        keys[ObjectIdentifier(transfer)].flatMap { active[$0] }
    }

    /// Starts those whose turn it is: first come, first served, but for a full origin.
    private func startWaiting() {
        var index = 0
        while index < waiting.count, active.count < configuration.transferCountMax {
            let transfer = waiting[index]
            guard
                activeCounts[transfer.origin, default: 0] < configuration.transferCountMaxPerOrigin
            else {
                index += 1
                continue
            }
            waiting.remove(at: index)
            start(transfer)
        }
    }

    private func start(_ transfer: Transfer) {
        let easy: EasyTransfer
        do {
            easy = try EasyTransfer(transfer, configuration: configuration, time: time)
        } catch {
            return close(transfer, error)
        }
        guard multi.add(easy) else {
            return close(transfer, .transport(code: Int(CURLE_FAILED_INIT.rawValue)))
        }
        active[easy.key] = easy
        keys[ObjectIdentifier(transfer)] = easy.key
        activeCounts[transfer.origin, default: 0] += 1
    }

    private func finish(_ easy: EasyTransfer, _ error: HTTPClientError?) {
        multi.remove(easy)
        let transfer = easy.transfer
        active[easy.key] = nil
        keys[ObjectIdentifier(transfer)] = nil
        let left = activeCounts[transfer.origin, default: 1] - 1
        activeCounts[transfer.origin] = left > 0 ? left : nil
        close(transfer, error)
    }

    private func close(_ transfer: Transfer, _ error: HTTPClientError?) {
        metrics.counter(
            "reelhook_http_client_requests_total",
            help: "Requests to other servers by how they ended.",
            labels: ["outcome": error?.code ?? "ok"]
        ).increment()
        mailbox.closed()
        transfer.ended(error)
    }

    private func endTimedOut() {
        let now = time.uptime()
        for easy in Array(active.values) where easy.due <= now {
            if easy.isTimedOut(at: now) { finish(easy, .timedOut) }
        }
        for transfer in waiting where transfer.deadline <= now { close(transfer, .timedOut) }
        waiting.removeAll { $0.deadline <= now }
    }

    /// Until the next limit, rounded up; libcurl adds its own timers, and `wakeUp` ends the wait.
    private func millisecondsToWait() -> Int32 {
        let dues = active.values.map(\.due) + waiting.map(\.deadline)
        guard let next = dues.min() else { return .max }
        let left = (next - time.uptime()).wholeMilliseconds
        return Int32(clamping: max(0, left) + 1)
    }

    /// Signals are for other threads; above all SIGPIPE, which OpenSSL's writes would raise.
    private func blockSignals() {
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
