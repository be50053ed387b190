internal import Glibc

/// The connection of a process that is to take over to the desk of the one before it.
package final class HandoverLink {
    /// What has been heard from the process before.
    package enum News {
        case nothing
        /// The sockets that it listens on, by their names.
        case sockets([String: ListeningSocket])
        /// It has ended, or gives nothing.
        case ended
    }

    private let descriptor: OwnedDescriptor

    /// Asks at a desk; nil when there is none.
    package init?(to path: String) {
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        do throws(SystemError) {
            let number = try call("socket") { socket(AF_UNIX, Int32(kind), 0) }
            descriptor = OwnedDescriptor(number)
            let address = SocketAddress.unix(path: path)
            _ = try unsafe address.withRaw { raw, length throws(SystemError) in
                try call("connect") { unsafe connect(number, raw, length) }
            }
        } catch {
            return nil
        }
    }

    /// What has come by now, without waiting.
    package func news() -> News {
        let received: DescriptorMessage?
        do throws(SystemError) {
            received = try DescriptorMessage.received(over: descriptor.number)
        } catch {
            return .ended
        }
        guard let received else { return .nothing }
        var sockets: [String: ListeningSocket] = [:]
        let names = received.text.split(separator: " ").map(String.init)
        for (place, number) in received.numbers.enumerated() {
            guard let socket = try? ListeningSocket.handedOver(number) else { continue }
            if place < names.count { sockets[names[place]] = socket }
        }
        return sockets.isEmpty ? .ended : .sockets(sockets)
    }
}
