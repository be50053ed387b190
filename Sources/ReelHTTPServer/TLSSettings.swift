package import ReelCrypto

/// Where a listener's certificate is, and what is spoken with it.
package struct TLSSettings: Sendable, Hashable {
    /// A file in PEM: the server's certificate first, then the chain above it.
    package var certificatePath: String
    /// A file in PEM with the private key, without a passphrase.
    package var keyPath: String
    package var oldestVersion = TLSVersion.tls12
    /// From the start of the connection to the end of the handshake.
    package var handshakeTimeout = Duration.seconds(10)
    /// How often the files are looked at.
    package var checkInterval = Duration.seconds(30)

    package init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}
