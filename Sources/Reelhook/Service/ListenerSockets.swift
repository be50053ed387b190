internal import ReelHTTPServer
internal import ReelSystem

/// The sockets that a service has before it opens anything else: those that were handed to it, and
/// those that it shares with the process before it.
struct ListenerSockets: Sendable {
    var intake: ListeningSocket?
    var console: ListeningSocket?

    /// Takes what there is to take.
    ///
    /// - Throws: `StartError` when a socket cannot be used.
    static func taken(_ configuration: Configuration) throws(StartError) -> ListenerSockets {
        ListenerSockets(
            intake: try socket("intake", configuration.intake, configuration),
            console: try socket("console", configuration.console, configuration)
        )
    }

    private static func socket(
        _ name: String,
        _ address: ListenAddress,
        _ configuration: Configuration
    ) throws(StartError) -> ListeningSocket? {
        let socket: ListeningSocket
        do throws(HTTPServerError) {
            if let number = configuration.inheritedSockets[name] {
                socket = try HTTPServer.listen(.inherited(number))
            } else if configuration.takeover > .zero {
                let binding = HTTPServerConfiguration.Binding.host(
                    address.host,
                    port: address.port,
                    isShared: true
                )
                socket = try HTTPServer.listen(binding)
            } else {
                return nil
            }
        } catch {
            throw .address("\(name) \(address)", error.description)
        }
        guard name != "console" || configuration.consoleToken != nil || socket.address.isLoopback
        else {
            throw .address(
                "console \(socket.address)",
                "is reachable from other machines: set REELHOOK_API_TOKEN"
            )
        }
        return socket
    }
}
