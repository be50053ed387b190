internal import ReelObservability
internal import ReelSystem

/// Who started the service and wants to know how it is, if anybody does.
struct Supervisor: Sendable {
    private let socket: NotifySocket?
    private let logger: Logger

    init(_ configuration: Configuration, _ logger: Logger) {
        socket = configuration.notifySocket.flatMap { NotifySocket($0) }
        self.logger = logger
        if configuration.notifySocket != nil, socket == nil {
            logger.warning("NOTIFY_SOCKET is no address of a socket")
        }
    }

    /// Tells assignments of sd_notify(3), one on each line.
    func tell(_ text: String) {
        guard let socket else { return }
        do throws(SystemError) {
            try socket.send(text)
        } catch {
            logger.warning("the supervisor was not told", ["reason": .string(error.description)])
        }
    }
}
