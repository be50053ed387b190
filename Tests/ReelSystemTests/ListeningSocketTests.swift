import Glibc
import ReelSystem
import TestSupport
import Testing

struct ListeningSocketTests {
    private static let loopback = SocketAddress.v4(0x7F00_0001, port: 0)

    @Test func `what was handed over is taken if it listens, and refused otherwise`() throws {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let copy = dup(number)
        #expect(throws: SystemError(function: "getsockopt", number: EINVAL)) {
            try ListeningSocket.inherited(copy)
        }
        listen(number, 5)
        let listener = try ListeningSocket.inherited(number)
        #expect(listener.address.host == "0.0.0.0")
        #expect(listener.address.port != 0)
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0)
        let file = unsafe open("/dev/null", O_RDONLY)
        #expect(throws: SystemError.self) { try ListeningSocket.inherited(file) }
        #expect(throws: SystemError(function: "fcntl", number: EBADF)) {
            try ListeningSocket.inherited(1 << 20)
        }
    }
}
