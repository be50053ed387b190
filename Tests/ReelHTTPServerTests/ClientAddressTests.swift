import ReelHTTP
import Testing

@testable import ReelHTTPServer

struct ClientAddressTests {
    private func client(
        _ source: ClientAddress.Source,
        _ fields: [String],
        from peer: String = "10.0.0.1"
    ) throws -> String {
        var rule = ClientAddress()
        rule.source = source
        rule.trustedProxies = ["10.0.0.0/8", "fd00::/8"].compactMap { NetworkBlock($0) }
        var sent = HTTPFields()
        for field in fields {
            sent.append(source == .forwarded ? "Forwarded" : "X-Forwarded-For", field)
        }
        let address = try #require(IPAddress(peer))
        return rule.client(of: sent, from: .network(address, port: 5)).address
    }

    @Test(arguments: [
        ([], "10.0.0.1"),
        (["192.0.2.1"], "192.0.2.1"),
        (["1.1.1.1, 192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1,10.0.0.2 ,\t10.0.0.3"], "192.0.2.1"),
        (["1.1.1.1", "192.0.2.1", "10.0.0.2"], "192.0.2.1"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["192.0.2.1, nonsense, 10.0.0.2"], "10.0.0.2"),
        (["192.0.2.1, "], "10.0.0.1"),
        (["192.0.2.1:80"], "192.0.2.1"),
        (["[2001:db8::1]:80"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["[192.0.2.1]"], "10.0.0.1"),
        (["192.0.2.1:99999"], "10.0.0.1"),
        (["192.0.2.1:"], "10.0.0.1"),
        (["::ffff:10.9.9.9, ::ffff:192.0.2.7"], "192.0.2.7"),
    ])
    func `the field is read from its end`(fields: [String], expected: String) throws {
        #expect(try client(.xForwardedFor, fields) == expected)
    }

    @Test(arguments: [
        (["for=192.0.2.1"], "192.0.2.1"),
        (["For=\"192.0.2.1:8\" ; proto=https"], "192.0.2.1"),
        (["by=10.0.0.1;for=\"[2001:db8::1]:80\""], "2001:db8::1"),
        (["for=1.1.1.1, for=192.0.2.1, for=10.0.0.2"], "192.0.2.1"),
        (["for=1.1.1.1", "for=192.0.2.1"], "192.0.2.1"),
        (["for=192.0.2.1, for=unknown"], "10.0.0.1"),
        (["for=192.0.2.1, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
        (["for=192.0.2.1, proto=http"], "10.0.0.1"),
        (["for=192.0.2.1;for=192.0.2.2"], "10.0.0.1"),
        // An open quote must not swallow what the proxy adds.
        (["for=\"1.1.1.1, for=192.0.2.1"], "10.0.0.1"),
        (["for=\"a, for=1.1.1.1", "for=192.0.2.1"], "192.0.2.1"),
        (["for=1.1.1.1;x=\"\\\", for=2.2.2.2\", for=192.0.2.1"], "192.0.2.1"),
    ])
    func `the standard's field is read from its end`(fields: [String], expected: String) throws {
        #expect(try client(.forwarded, fields) == expected)
    }

    @Test(arguments: [ClientAddress.Source.xForwardedFor, .forwarded])
    func `whoever is not trusted speaks for itself`(source: ClientAddress.Source) throws {
        let fields = ["for=192.0.2.1", "192.0.2.1"]
        #expect(try client(source, fields, from: "203.0.113.5") == "203.0.113.5")
    }

    @Test(arguments: [ClientAddress.Source.connection, .proxyProtocol])
    func `no field is read when none was chosen`(source: ClientAddress.Source) throws {
        #expect(try client(source, ["192.0.2.1"]) == "10.0.0.1")
    }
}
