internal import ReelAssets
internal import ReelConsole
internal import ReelJSON
internal import ReelRuntime
internal import ReelSystem
internal import ReelWebhooks

/// The signing secrets of endpoints that were made by command, in a file of the data directory
/// that only the service's user can read, beside those of the configuration.
final class EndpointSecrets: EndpointShelf {
    /// One secret that the provider gave.
    private struct Kept: Hashable {
        /// The provider's id of the endpoint, such as `whe_…`.
        let id: String
        /// The intake's endpoint whose deliveries it signs.
        let name: String
        let secret: Secret
    }

    /// Both secrets of a rotation, and one that was being rotated when it was rotated again.
    private static let secretCountMax = 3
    private static let fileName = ".endpoint-secrets.json"

    private let directory: String
    private let disk: any Disk
    private let pool: BlockingPool
    private let endpoints: [EndpointSettings]
    private let kept: Locked<[Kept]>
    private let verifiers: Locked<[String: WebhookVerifier]>

    /// Reads what was kept before.
    ///
    /// - Throws: `AssetError` when there is a file that cannot be read.
    init(
        _ configuration: Configuration,
        disk: any Disk,
        pool: BlockingPool
    ) throws(AssetError) {
        directory = configuration.dataDirectory
        self.disk = disk
        self.pool = pool
        endpoints = configuration.endpoints
        kept = Locked(try Self.read(configuration.dataDirectory + "/" + Self.fileName, disk))
        verifiers = Locked([:])
        renew()
    }

    /// What checks the deliveries of an endpoint now.
    func verifier(of name: String) -> WebhookVerifier {
        verifiers.withLock { $0[name] } ?? WebhookVerifier(source: name, secrets: [])
    }

    func names(of provider: String) -> [String] {
        endpoints.filter { $0.provider == provider }.map(\.name)
    }

    func keep(
        _ secret: String,
        id: String,
        for name: String,
        replacing: Bool
    ) async throws(EndpointShelfError) {
        guard (try? WebhookSecret(parsing: secret)) != nil else { throw .notASecret }
        try await change { kept in
            var own = replacing ? [] : kept.filter { $0.id == id }
            own.append(Kept(id: id, name: name, secret: Secret(secret)))
            return kept.filter { $0.id != id } + own.suffix(Self.secretCountMax)
        }
    }

    func forget(id: String) async throws(EndpointShelfError) {
        try await change { kept in kept.filter { $0.id != id } }
    }

    /// Writes the change, and takes it over once it is on disk.
    private func change(
        _ body: @escaping @Sendable ([Kept]) -> [Kept]
    ) async throws(EndpointShelfError) {
        do throws(AssetError) {
            try await pool.run { () throws(AssetError) in
                // Commands come one at a time; two at once would each keep what the other did not.
                let next = body(self.kept.withLock { $0 })
                try self.write(next)
                self.kept.withLock { $0 = next }
            }
        } catch {
            throw .disk(error.description)
        }
        renew()
    }

    private func renew() {
        let kept = kept.withLock { $0 }
        var next: [String: WebhookVerifier] = [:]
        for settings in endpoints {
            let own = kept.filter { $0.name == settings.name }.map(\.secret)
            next[settings.name] = WebhookVerifier(
                source: settings.name,
                // The configuration's were checked when it was read.
                secrets: (own.reversed() + settings.secrets).compactMap { secret in
                    try? WebhookSecret(
                        parsing: secret.revealed,
                        compatibility: settings.compatibility
                    )
                },
                tolerance: settings.tolerance,
                compatibility: settings.compatibility
            )
        }
        verifiers.withLock { $0 = next }
    }

    // MARK: - The file

    private func write(_ kept: [Kept]) throws(AssetError) {
        let lines = kept.map { one -> JSONValue in
            [
                "id": .string(one.id), "endpoint": .string(one.name),
                "secret": .string(one.secret.revealed),
            ]
        }
        let bytes = JSONValue.object(["secrets": .array(lines)]).serialized(indent: 2)
        let (path, part) = (directory + "/" + Self.fileName, directory + "/.endpoint-secrets.part")
        // Anew, so that its permissions are these and not those of a file that stood there.
        try disk.remove(part)
        let file = try disk.open(part, .createNew, permissions: 0o600)
        try file.write(bytes, at: 0)
        try file.synchronize()
        try disk.rename(part, to: path, replacing: true)
        try disk.synchronizeDirectory(directory)
    }

    private static func read(
        _ path: String,
        _ disk: any Disk
    ) throws(AssetError) -> [Kept] {
        guard try disk.status(path) != nil else { return [] }
        let bytes = try disk.open(path, .read, permissions: 0).read(at: 0, count: 1 << 20)
        // Written whole or not at all; without it, deliveries that are genuine would be refused.
        guard let lines = (try? JSONParser.parse(bytes))?["secrets"]?.array else {
            throw .notTheMedium(rule: "endpoint_secrets")
        }
        return try lines.map { line throws(AssetError) in
            guard let id = line["id"]?.string, let name = line["endpoint"]?.string,
                let secret = line["secret"]?.string
            else { throw .notTheMedium(rule: "endpoint_secrets") }
            return Kept(id: id, name: name, secret: Secret(secret))
        }
    }
}
