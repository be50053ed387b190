internal import ReelHTTP

/// How Reelhook makes itself known to a provider; nothing of it goes to another origin.
package struct ProviderAccess: Sendable {
    private let keys: [APIKey]
    private let organization: String?
    private let project: String?

    /// Without a key nothing is sent, which is what servers of one's own often want.
    package init(key: APIKey?, organization: String? = nil, project: String? = nil) {
        self.init(
            keys: key.map { [$0] } ?? [],
            organization: organization,
            project: project
        )
    }

    /// Takes keys in the order of preference: the next one is used when one is refused or
    /// throttled.
    package init(keys: [APIKey], organization: String? = nil, project: String? = nil) {
        self.keys = keys
        self.organization = organization
        self.project = project
    }

    /// How many ways there are to make itself known; one without a key.
    var keyCount: Int { max(keys.count, 1) }

    /// What each key is told from the others by; none without a key.
    func prints(at provider: String) -> [KeyPrint] { keys.map { KeyPrint(of: $0, at: provider) } }

    /// The header fields of a request to the provider's own origin, with the key of that number.
    func fields(_ index: Int) -> HTTPFields {
        var fields = HTTPFields()
        if keys.indices.contains(index) {
            fields.append("Authorization", keys[index].authorization)
        }
        if let organization { fields.append("OpenAI-Organization", organization) }
        if let project { fields.append("OpenAI-Project", project) }
        return fields
    }
}
