internal import ReelCrypto
internal import ReelJSON
internal import ReelRuntime

/// The webhook endpoints that clients made, in the order in which they did.
struct EndpointTable: Sendable {
    struct Endpoint: Sendable {
        let id: String
        let createdAt: Timestamp
        var name: String
        var url: String
        var types: [String]
        /// The newest first; two while one is rotated.
        var secrets: [String]

        /// The object as the API shows it, with the secret where it is told.
        func json(withSecret: Bool = false) -> JSONValue {
            var object: JSONObject = [
                "id": .string(id),
                "object": "webhook_endpoint",
                "created_at": .integer(createdAt.secondsSinceEpoch),
                "name": .string(name),
                "url": .string(url),
                "event_types": .array(types.map { .string($0) }),
                "signing_secret_hint": .string(orNull: secrets.first.map { String($0.suffix(4)) }),
            ]
            if withSecret { object["signing_secret"] = .string(orNull: secrets.first) }
            return .object(object)
        }
    }

    static let countMax = 100
    private(set) var all: [Endpoint] = []
    private var madeCount = 0

    /// Makes an endpoint; nil when there are too many.
    mutating func make(
        name: String,
        url: String,
        types: [String],
        _ plan: FaultPlan,
        at now: Timestamp
    ) -> Endpoint? {
        guard all.count < Self.countMax else { return nil }
        madeCount += 1
        let random = plan.random("endpoint \(madeCount)")
        let endpoint = Endpoint(
            id: "whe_" + random.hexadecimal(byteCount: 12),
            createdAt: now,
            name: name,
            url: url,
            types: types,
            secrets: [Self.secret(random)]
        )
        all.append(endpoint)
        return endpoint
    }

    func find(_ id: String) -> Endpoint? { all.first { $0.id == id } }

    /// Gives an endpoint another secret.
    mutating func rotate(_ id: String, keepsOld: Bool, _ plan: FaultPlan) -> Endpoint? {
        guard let index = all.firstIndex(where: { $0.id == id }) else { return nil }
        madeCount += 1
        let fresh = Self.secret(plan.random("endpoint \(madeCount)"))
        all[index].secrets = [fresh] + (keepsOld ? Array(all[index].secrets.prefix(1)) : [])
        return all[index]
    }

    mutating func remove(_ id: String) -> Bool {
        let count = all.count
        all.removeAll { $0.id == id }
        return all.count < count
    }

    private static func secret(_ random: SeededRandomSource) -> String {
        let bytes = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        return "whsec_" + Base64.encode(bytes)
    }
}
