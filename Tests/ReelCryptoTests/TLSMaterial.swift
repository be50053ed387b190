import ReelCrypto
import ReelRuntime
import TestSupport

/// Certificates that the tests of a process share; only their bytes, so that no file is left.
struct TLSMaterial: Sendable {
    static let shared = Result { try TLSMaterial() }

    let root: [UInt8]
    let good: TestAuthority.Issued
    let other: TestAuthority.Issued
    let otherHost: TestAuthority.Issued
    let rsa: TestAuthority.Issued
    let weak: TestAuthority.Issued
    let expired: TestAuthority.Issued
    let encryptedKey: [UInt8]

    private init() throws {
        let authority = try TestAuthority()
        root = authority.rootPEM
        good = try authority.issue("good")
        other = try authority.issue("other")
        otherHost = try authority.issue("elsewhere", names: "DNS:elsewhere.example")
        rsa = try authority.issue("rsa", key: "rsa:2048")
        weak = try authority.issue("weak", key: "rsa:1024")
        expired = try authority.issue("expired", days: -1)
        encryptedKey = try authority.encryptedKey(of: good)
    }

    static func identity(_ issued: TestAuthority.Issued) throws -> TLSIdentity {
        try TLSIdentity(certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM)
    }

    func server(
        oldestVersion: TLSVersion = .tls12,
        keys: TLSTicketKeys = TLSTicketKeys(time: ManualTime())
    ) throws -> TLSContext {
        try TLSContext(
            serving: Self.identity(good),
            oldestVersion: oldestVersion,
            ticketKeys: keys
        )
    }

    func client(_ version: TLSVersion? = nil) throws -> TLSContext {
        try TLSContext(
            trusting: root,
            oldestVersion: version ?? .tls12,
            newestVersion: version ?? .tls13
        )
    }
}
