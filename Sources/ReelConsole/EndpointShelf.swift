package import ReelRuntime

/// Where the signing secrets are kept that a provider gave for endpoints made by command.
///
/// What is kept is used at once: a delivery that was signed with it is taken.
package protocol EndpointShelf: Sendable {
    /// The names of the intake's endpoints of a provider, the first being the one to take.
    func names(of provider: String) -> [String]

    /// What is kept of an endpoint; nil when nothing is.
    func standing(of id: String) -> EndpointStanding?

    /// Keeps a secret for an endpoint of the intake, durably, instead of those before it or beside
    /// them; they are then good for as long as the provider signs with the old one, too.
    func keep(
        _ secret: String,
        id: String,
        for name: String,
        replacing: Bool
    ) async throws(EndpointShelfError)

    /// Lets go of the secrets of an endpoint that is no more.
    func forget(id: String) async throws(EndpointShelfError)
}

/// What is kept of an endpoint that was made by command.
package struct EndpointStanding: Sendable, Hashable {
    /// The intake's endpoint whose deliveries it sends.
    package let name: String
    /// When the last of its old secrets ends, while there is one.
    package let oldSecretEndsAt: Timestamp?

    package init(name: String, oldSecretEndsAt: Timestamp?) {
        self.name = name
        self.oldSecretEndsAt = oldSecretEndsAt
    }
}

/// Why a secret could not be kept.
package enum EndpointShelfError: Error, Hashable, Sendable, CustomStringConvertible {
    case disk(String)
    case notASecret

    package var description: String {
        switch self {
        case .disk(let reason): "the secret could not be written: \(reason)"
        case .notASecret: "the provider's answer has no signing secret that can be used"
        }
    }
}
