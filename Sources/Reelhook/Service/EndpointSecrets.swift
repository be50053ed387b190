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
        /// From when on the provider signs no more with it; nil for the newest.
        var endsAt: Timestamp?

        func isGood(at moment: Timestamp) -> Bool { endsAt.map { moment < $0 } ?? true }
    }

    /// What checks an endpoint's deliveries, until one of the secrets in it ends.
    private struct Checks {
        var verifiers: [String: WebhookVerifier] = [:]
        var endsAt: Timestamp?
    }

    /// How long the provider signs with the old secret, too, once it has given another.
    private static let overlap: Duration = .seconds(86_400)
    /// Both secrets of a rotation, and one that was being rotated when it was rotated again.
    private static let secretCountMax = 3
    private static let fileName = ".endpoint-secrets.json"

    private let directory: String
    private let disk: any Disk
    private let pool: BlockingPool
    private let endpoints: [EndpointSettings]
    private let time: any TimeSource
    private let kept: Locked<[Kept]>
    private let checks = Locked(Checks())

    /// Reads what was kept before.
    ///
    /// - Throws: `AssetError` when there is a file that cannot be read.
    init(
        _ configuration: Configuration,
        disk: any Disk,
        pool: BlockingPool,
        time: any TimeSource
    ) throws(AssetError) {
        directory = configuration.dataDirectory
        self.disk = disk
        self.pool = pool
        endpoints = configuration.endpoints
        self.time = time
        kept = Locked(try Self.read(configuration.dataDirectory + "/" + Self.fileName, disk))
        renew()
    }

    /// What checks the deliveries of an endpoint now.
    func verifier(of name: String) -> WebhookVerifier {
        let now = time.now()
        let isOver = checks.withLock { $0.endsAt.map { $0 <= now } ?? false }
        if isOver { renew() }
        return checks.withLock { $0.verifiers[name] }
            ?? WebhookVerifier(source: name, secrets: [])
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
        let end = time.now() + Self.overlap
        try await change { kept in
            var own = replacing ? [] : kept.filter { $0.id == id }
            for index in own.indices { own[index].endsAt = min(own[index].endsAt ?? end, end) }
            own.append(Kept(id: id, name: name, secret: Secret(secret)))
            return kept.filter { $0.id != id } + own.suffix(Self.secretCountMax)
        }
    }

    func forget(id: String) async throws(EndpointShelfError) {
        try await change { kept in kept.filter { $0.id != id } }
    }

    func standing(of id: String) -> EndpointStanding? {
        let now = time.now()
        let own = kept.withLock { $0 }.filter { $0.id == id && $0.isGood(at: now) }
        guard let newest = own.last else { return nil }
        return EndpointStanding(
            name: newest.name,
            oldSecretEndsAt: own.compactMap(\.endsAt).max()
        )
    }

    /// Writes the change, without what has ended, and takes it over once it is on disk.
    private func change(
        _ body: @escaping @Sendable ([Kept]) -> [Kept]
    ) async throws(EndpointShelfError) {
        do throws(AssetError) {
            try await pool.run { () throws(AssetError) in
                // Commands come one at a time; two at once would each keep what the other did not.
                let now = self.time.now()
                let next = body(self.kept.withLock { $0 }).filter { $0.isGood(at: now) }
                try self.write(next)
                self.kept.withLock { $0 = next }
            }
        } catch {
            throw .disk(error.description)
        }
        renew()
    }

    private func renew() {
        let now = time.now()
        let kept = kept.withLock { $0 }.filter { $0.isGood(at: now) }
        var next = Checks()
        next.endsAt = kept.compactMap(\.endsAt).min()
        for settings in endpoints {
            let own = kept.filter { $0.name == settings.name }.map(\.secret)
            next.verifiers[settings.name] = WebhookVerifier(
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
        let renewed = next
        checks.withLock { $0 = renewed }
    }

    // MARK: - The file

    private func write(_ kept: [Kept]) throws(AssetError) {
        let lines = kept.map { one -> JSONValue in
            [
                "id": .string(one.id), "endpoint": .string(one.name),
                "secret": .string(one.secret.revealed),
                "ends_at": one.endsAt.map { .integer($0.millisecondsSinceEpoch) } ?? .null,
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
        guard let status = try disk.status(path) else { return [] }
        let bytes = try disk.open(path, .read, permissions: 0).read(at: 0, count: 1 << 20)
        // Written whole or not at all; without it, deliveries that are genuine would be refused.
        guard let lines = (try? JSONParser.parse(bytes))?["secrets"]?.array else {
            throw .notTheMedium(rule: "endpoint_secrets")
        }
        var kept = try lines.map { line throws(AssetError) in
            guard let id = line["id"]?.string, let name = line["endpoint"]?.string,
                let secret = line["secret"]?.string
            else { throw .notTheMedium(rule: "endpoint_secrets") }
            let end = line["ends_at"]?.integer.map { Timestamp(millisecondsSinceEpoch: $0) }
            return Kept(id: id, name: name, secret: Secret(secret), endsAt: end)
        }
        // An earlier version wrote no end; the file was last written at the rotation, or later.
        for index in kept.indices where kept[index].endsAt == nil {
            guard kept[(index + 1)...].contains(where: { $0.id == kept[index].id }) else {
                continue
            }
            kept[index].endsAt = status.modifiedAt + Self.overlap
        }
        return kept
    }
}
