internal import Glibc

/// A private authority with an intermediate, and the certificates that it gives out, made with
/// OpenSSL's command in a directory of its own.
package final class TestAuthority: Sendable {
    /// A certificate and its key, as files and as what is in them.
    package struct Issued: Sendable {
        package let certificatePath: String
        package let keyPath: String
        package let certificatePEM: [UInt8]
        package let keyPEM: [UInt8]
    }

    /// A command that failed.
    package struct Failure: Error, CustomStringConvertible {
        package let command: String
        package var description: String { "\(command) failed" }
    }

    package let directory: TemporaryDirectory
    /// The root, which clients are to trust.
    package var rootPath: String { directory.file("root.pem") }
    package let rootPEM: [UInt8]

    package init() throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        let folder = directory.path
        try Self.shell(
            """
            cd \(folder) && printf '%s\\n' 'basicConstraints=critical,CA:TRUE' \
            'keyUsage=keyCertSign,cRLSign' > authority.ext \
            && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
            -keyout root.key -out root.pem -days 30 -subj '/CN=Test root' \
            && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
            -keyout middle.key -out middle.csr -subj '/CN=Test intermediate' \
            && openssl x509 -req -in middle.csr -CA root.pem -CAkey root.key -set_serial 2 \
            -days 30 -extfile authority.ext -out middle.pem
            """
        )
        rootPEM = try FileTree.read(directory.file("root.pem"))
    }

    /// Gives out a certificate for `localhost` and 127.0.0.1, or for the names given.
    ///
    /// - Parameters:
    ///   - name: The name of the files.
    ///   - names: Alternative names as OpenSSL writes them, such as `DNS:localhost`.
    ///   - key: What `-newkey` is told.
    ///   - days: How long it is valid; below 0, it has expired.
    /// - Returns: What was given out.
    /// - Throws: `Failure` with the command that failed.
    package func issue(
        _ name: String,
        names: String = "DNS:localhost,IP:127.0.0.1",
        key: String = "ec -pkeyopt ec_paramgen_curve:P-256",
        days: Int = 30
    ) throws -> Issued {
        try Self.shell(
            """
            cd \(directory.path) && printf '%s\\n' 'subjectAltName=\(names)' > \(name).ext \
            && openssl req -newkey \(key) -nodes -sha256 -keyout \(name).key -out \(name).csr \
            -subj '/CN=\(name)' \
            && openssl x509 -req -in \(name).csr -CA middle.pem -CAkey middle.key \
            -set_serial 0x$(openssl rand -hex 8) -days \(days) -extfile \(name).ext \
            -out \(name).leaf \
            && cat \(name).leaf middle.pem > \(name).pem
            """
        )
        let paths = (directory.file(name + ".pem"), directory.file(name + ".key"))
        return Issued(
            certificatePath: paths.0,
            keyPath: paths.1,
            certificatePEM: try FileTree.read(paths.0),
            keyPEM: try FileTree.read(paths.1)
        )
    }

    /// The key of a certificate under a passphrase.
    package func encryptedKey(of issued: Issued) throws -> [UInt8] {
        let path = issued.keyPath + ".enc"
        try Self.shell(
            "openssl pkcs8 -topk8 -in \(issued.keyPath) -out \(path) -passout pass:secret"
        )
        return try FileTree.read(path)
    }

    private static func shell(_ command: String) throws {
        let status = unsafe system("{ \(command); } >/dev/null 2>&1")
        guard status == 0 else { throw Failure(command: command) }
    }
}
