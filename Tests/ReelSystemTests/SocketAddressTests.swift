import ReelSystem
import Testing

struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80", true),
        ("localhost", "127.0.0.1:80", true),
        ("0.0.0.0", "0.0.0.0:80", false),
        ("192.0.2.7", "192.0.2.7:80", false),
        ("::1", "[::1]:80", true),
        ("[::1]", "[::1]:80", true),
        ("::", "[::]:80", false),
        ("2001:db8::1", "[2001:db8::1]:80", false),
    ])
    func `a numeric address is read`(host: String, text: String, isLoopback: Bool) throws {
        let address = try #require(SocketAddress(host: host, port: 80))
        #expect(address.description == text)
        #expect(address.isLoopback == isLoopback)
        #expect(address.port == 80)
    }

    @Test(arguments: ["", "example.org", "1.2.3", "1.2.3.4.5", "[::1", "::g"])
    func `a name or a broken address is not`(host: String) {
        #expect(SocketAddress(host: host, port: 80) == nil)
    }
}
