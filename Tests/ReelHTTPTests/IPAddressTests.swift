import ReelHTTP
import Testing

struct IPAddressTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
        "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
        "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1",
        "0:0:0:0:0:ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1",
        "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:1ff:ffff::1",
        "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "3fff:fff::1", "4000::1",
        "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
    ])
    func `an address of a special range is not public`(_ text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic == false)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
        "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8",
        "2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "2a00:1450::1",
        "3ffe:ffff::1", "2001:db7:ffff::1", "2001:db9::1",
    ])
    func `an address beside the special ranges is public`(_ text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test(arguments: [
        "", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1 ", "1.2.3", "1.2.3.4.5",
        "256.0.0.1", "fe80::1%eth0", "[::1]", "::1::", "example.org", "127.0.0.1\0",
    ])
    func `only the strict forms are addresses`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `a mapped address is the one it stands for`() {
        #expect(IPAddress("::ffff:10.1.2.3") == IPAddress("10.1.2.3"))
        #expect(IPAddress(networkBytes: [10, 1, 2, 3]) == IPAddress("10.1.2.3"))
        #expect(IPAddress(networkBytes: [1, 2, 3]) == nil)
    }
}

struct NetworkBlockTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("10.9.9.9/8", "10.1.2.3", true), ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::1", false), ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "127.0.0.2", false), ("192.168.4.0/22", "192.168.7.255", true),
        ("192.168.4.0/22", "192.168.8.0", false), ("127.0.0.0/8", "::ffff:127.3.2.1", true),
        ("::ffff:10.0.0.0/104", "10.7.7.7", true), ("fd00::/8", "fdff::1", true),
        ("fd00::/8", "fe00::1", false), ("::1", "::1", true), ("::1/128", "::2", false),
        ("2001:db8:0:8000::/49", "2001:db8:0:ffff::1", true),
        ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
        ("2001:db8::/65", "2001:db8::8000:0:0:1", false), ("::/0", "fe80::1", true),
        ("::/0", "10.0.0.1", false),
    ])
    func `a block holds the addresses that share its prefix`(
        _ block: String,
        _ address: String,
        _ holds: Bool
    ) throws {
        let block = try #require(NetworkBlock(block))
        #expect(block.contains(try #require(IPAddress(address))) == holds)
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
        "10/8", "fd00::/129", "::ffff:10.0.0.0/95", "example.org/8", "10.0.0.0/ 8",
    ])
    func `what is no block is refused`(_ text: String) {
        #expect(NetworkBlock(text) == nil)
    }
}
