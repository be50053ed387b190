internal import CReelLinux
internal import Glibc

/// Where a supervisor is told how the service is, as systemd has it (sd_notify(3)).
package struct NotifySocket: Sendable {
    private let name: [UInt8]

    /// Takes the value of `NOTIFY_SOCKET`: an absolute path, or `@` and an abstract name; nil for
    /// anything else.
    package init?(_ text: String) {
        var name = Array(text.utf8)
        guard let first = name.first, (2...107).contains(name.count), !name.contains(0) else {
            return nil
        }
        switch first {
        case UInt8(ascii: "/"): break
        case UInt8(ascii: "@"): name[0] = 0
        default: return nil
        }
        self.name = name
    }

    /// Sends assignments such as `READY=1`, one on each line.
    ///
    /// - Throws: What socket(2) and sendto(2) give.
    package func send(_ text: String) throws(SystemError) {
        let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = Descriptor(owning: try call("socket") { socket(AF_UNIX, Int32(kind), 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let message = Array(text.utf8)
        let outcome: Result<Int, SystemError> = unsafe withUnsafeBytes(of: &address) { raw in
            Result { () throws(SystemError) in
                try call("sendto") {
                    unsafe sendto(
                        descriptor.number,
                        message,
                        message.count,
                        Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT),
                        raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                        length
                    )
                }
            }
        }
        _ = try outcome.get()
    }
}
