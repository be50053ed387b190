import ReelCrypto
import ReelRuntime
import TestSupport
import Testing

struct TLSIdentityTests {
    private let material: TLSMaterial

    init() throws {
        material = try TLSMaterial.shared.get()
    }

    private func failure(_ certificate: [UInt8], _ key: [UInt8]) -> TLSError? {
        do throws(TLSError) {
            _ = try TLSIdentity(certificatePEM: certificate, keyPEM: key)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a certificate with its chain and key is read`() throws {
        let identity = try TLSMaterial.identity(material.good)
        #expect(identity.names(host: "localhost"))
        #expect(identity.names(host: "127.0.0.1"))
        #expect(!identity.names(host: "example.com"))
        #expect(identity.notAfter - identity.notBefore == .seconds(30 * 86_400))
        try identity.check(at: identity.notBefore)
        #expect(throws: TLSError.certificateNotYetValid) {
            try identity.check(at: identity.notBefore - .seconds(1))
        }
        #expect(throws: TLSError.certificateExpired) {
            try identity.check(at: identity.notAfter + .seconds(1))
        }
    }

    @Test func `what is wrong with the files is said in a case of its own`() {
        let (good, other) = (material.good, material.other)
        #expect(failure(good.certificatePEM, other.keyPEM) == .keyMismatch)
        #expect(failure(good.certificatePEM, material.encryptedKey) == .keyEncrypted)
        #expect(failure(good.certificatePEM, []) == .keyMalformed)
        #expect(failure(good.certificatePEM, good.certificatePEM) == .keyMalformed)
        #expect(failure([], good.keyPEM) == .certificateMissing)
        #expect(failure(good.keyPEM, good.keyPEM) == .certificateMissing)
        let damaged = Array(good.certificatePEM.prefix(300)) + Array(good.certificatePEM.suffix(60))
        #expect(failure(damaged, good.keyPEM) == .certificateMalformed)
        let many = Array(repeatElement(good.certificatePEM, count: 9).joined())
        #expect(failure(many, good.keyPEM) == .chainTooLong)
    }

    @Test func `a weak key is refused, and an expired certificate is known as one`() throws {
        let weak = try TLSMaterial.identity(material.weak)
        #expect(throws: TLSError.keyTooWeak) {
            try TLSContext(serving: weak, ticketKeys: TLSTicketKeys(time: ManualTime()))
        }
        let expired = try TLSMaterial.identity(material.expired)
        #expect(throws: TLSError.certificateExpired) {
            try expired.check(at: SystemTimeSource().now())
        }
    }

    @Test func `no word about a fault, and no dump, holds a byte of the files`() throws {
        let identity = try TLSMaterial.identity(material.good)
        var text = ""
        dump(identity, to: &text)
        #expect(!text.contains("BEGIN"))
        let key = String(decoding: material.good.keyPEM, as: UTF8.self)
        let line = try #require(key.split(separator: "\n").dropFirst().first)
        for error in [TLSError.keyMismatch, .keyMalformed, .keyEncrypted, .violation(3)] {
            #expect(!error.description.contains(line))
            #expect(!error.code.isEmpty)
        }
    }
}
