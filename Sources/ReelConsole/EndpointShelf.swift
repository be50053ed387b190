/// Where the signing secrets are kept that a provider gave for endpoints made by command.
///
/// What is kept is used at once: a delivery that was signed with it is taken.
package protocol EndpointShelf: Sendable {
    /// The names of the intake's endpoints of a provider, the first being the one to take.
    func names(of provider: String) -> [String]

    /// Keeps a secret for an endpoint of the intake, durably, beside those before it or instead.
    func keep(
        _ secret: String,
        id: String,
        for name: String,
        replacing: Bool
    ) async throws(EndpointShelfError)

    /// Lets go of the secrets of an endpoint that is no more.
    func forget(id: String) async throws(EndpointShelfError)
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
