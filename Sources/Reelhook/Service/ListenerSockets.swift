internal import ReelHTTPServer
internal import ReelSystem

/// The sockets that a service has before it opens anything else: those that were handed to it, by
/// a supervisor or by the process before it.
struct ListenerSockets: Sendable {
    var intake: ListeningSocket?
    var console: ListeningSocket?

    /// Takes what a supervisor has handed over.
    ///
    /// - Throws: `StartError` when a socket cannot be used.
    static func inherited(_ configuration: Configuration) throws(StartError) -> ListenerSockets {
        ListenerSockets(
            intake: try inherited("intake", configuration),
            console: try inherited("console", configuration)
        )
    }

    /// These, those of the process before that are at an address of ours, and new ones for what is
    /// left, so that all can be handed on.
    ///
    /// - Throws: `StartError` for an address that cannot be had.
    func completed(
        with given: [String: ListeningSocket],
        _ configuration: Configuration
    ) throws(StartError) -> ListenerSockets {
        ListenerSockets(
            intake: try Self.own(intake, "intake", configuration.intake, given),
            console: try Self.own(console, "console", configuration.console, given)
        )
    }

    /// Where those of a configuration are given to the next process; nil where none are.
    func desk(_ configuration: Configuration) throws(StartError) -> HandoverDesk? {
        guard configuration.takeover > .zero else { return nil }
        let sockets = [("intake", intake), ("console", console)].compactMap { name, socket in
            // What a supervisor holds it gives to the next one itself.
            configuration.inheritedSockets[name] == nil ? socket.map { (name, $0) } : nil
        }
        guard !sockets.isEmpty else { return nil }
        let path = Self.deskPath(configuration)
        do throws(SystemError) {
            return try HandoverDesk(path: path, sockets: sockets)
        } catch {
            throw .address(path, error.description)
        }
    }

    static func deskPath(_ configuration: Configuration) -> String {
        configuration.dataDirectory + "/.handover.sock"
    }

    private static func inherited(
        _ name: String,
        _ configuration: Configuration
    ) throws(StartError) -> ListeningSocket? {
        guard let number = configuration.inheritedSockets[name] else { return nil }
        let socket: ListeningSocket
        do throws(HTTPServerError) {
            socket = try HTTPServer.listen(.inherited(number))
        } catch {
            throw .address("\(name)", error.description)
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

    private static func own(
        _ inherited: ListeningSocket?,
        _ name: String,
        _ address: ListenAddress,
        _ given: [String: ListeningSocket]
    ) throws(StartError) -> ListeningSocket {
        if let inherited { return inherited }
        if let socket = given[name],
            socket.address == SocketAddress(host: address.host, port: address.port)
        {
            return socket
        }
        do throws(HTTPServerError) {
            return try HTTPServer.listen(.host(address.host, port: address.port))
        } catch {
            throw .address("\(name) \(address)", error.description)
        }
    }
}
