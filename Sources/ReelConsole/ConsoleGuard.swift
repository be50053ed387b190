internal import ReelHTTP

/// Who may use the console: with a token, whoever has it; without one, this machine only.
package struct ConsoleGuard: Sendable {
    private let token: [UInt8]?

    package init(token: String?) {
        self.token = token.map { Array($0.utf8) }
    }

    /// The refusal of a request that may not be served; nil for one that may.
    func refusal(of request: HTTPRequest) -> HTTPResponse? {
        guard let token else { return refusalWithoutToken(of: request) }
        let prefix = Array("bearer ".utf8)
        let given = Array((request.fields.only("Authorization") ?? "").utf8)
        let scheme = given.prefix(prefix.count).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let matches = scheme == prefix && isSame(Array(given.dropFirst(prefix.count)), token)
        guard !matches else { return nil }
        var response = ErrorEnvelope.response(
            .unauthorized,
            "a valid API token is needed: Authorization: Bearer TOKEN",
            code: "invalid_api_key"
        )
        response.fields.append("WWW-Authenticate", "Bearer")
        return response
    }

    /// Without a token the listener is on loopback; a page in the user's browser is there too, so
    /// a foreign name in `Host` (DNS rebinding) or a foreign `Origin` is refused.
    private func refusalWithoutToken(of request: HTTPRequest) -> HTTPResponse? {
        let host = request.fields.only("Host") ?? ""
        let origin = request.fields["Origin"].map { text in
            text.split(separator: "/").last.map(String.init) ?? text
        }
        guard isLocal(host), origin.map(isLocal) ?? true else {
            return ErrorEnvelope.response(
                .forbidden,
                "without an API token the console answers requests for this machine only",
                code: "foreign_host"
            )
        }
        return nil
    }

    private func isLocal(_ authority: String) -> Bool {
        let host: Substring
        if authority.hasPrefix("[") {
            host = authority.dropFirst().prefix { $0 != "]" }
        } else {
            host = authority.prefix { $0 != ":" }
        }
        return host == "localhost" || host == "::1"
            || (host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isNumber })
    }

    /// Whether two texts are the same, in a time that tells nothing but their lengths.
    private func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
