import Glibc
import ReelSystem
import TestSupport
import Testing

struct NotifySocketTests {
    @Test(arguments: ["", "/", "relative", "@", "/" + String(repeating: "x", count: 107)])
    func `what is no address of a socket is none`(text: String) {
        #expect(NotifySocket(text) == nil)
    }

    @Test func `nobody there is an error, and not a wait`() throws {
        let folder = try TemporaryDirectory()
        let socket = try #require(NotifySocket(folder.file("nobody")))
        #expect(throws: SystemError(function: "sendto", number: ENOENT)) {
            try socket.send("READY=1")
        }
    }
}
