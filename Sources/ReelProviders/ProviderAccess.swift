internal import ReelHTTP

/// How Reelhook makes itself known to a provider; nothing of it goes to another origin.
package struct ProviderAccess: Sendable {
    private let key: APIKey?
    private let organization: String?
    private let project: String?

    /// Without a key nothing is sent, which is what servers of one's own often want.
    package init(key: APIKey?, organization: String? = nil, project: String? = nil) {
        self.key = key
        self.organization = organization
        self.project = project
    }

    /// The header fields of a request to the provider's own origin.
    var fields: HTTPFields {
        var fields = HTTPFields()
        if let key { fields.append("Authorization", key.authorization) }
        if let organization { fields.append("OpenAI-Organization", organization) }
        if let project { fields.append("OpenAI-Project", project) }
        return fields
    }
}
