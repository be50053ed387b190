internal import ReelHTTP
internal import ReelHTTPClient
package import ReelJSON

extension OpenAICompatibleProvider {
    package func manage(_ wanted: EndpointRequest) async throws(ProviderError) -> JSONValue {
        var request: HTTPClientRequest
        switch wanted {
        case .create: request = self.request(.post, try url("webhook_endpoints"))
        case .list(let after):
            let query = after.map { [(name: "after", value: $0)] } ?? []
            request = self.request(.get, try url("webhook_endpoints").withQuery(query))
        case .rotate(let id, _):
            request = self.request(.post, try url("webhook_endpoints", id, "rotate_secret"))
        case .test(let id, _):
            request = self.request(.post, try url("webhook_endpoints", id, "test"))
        case .delete(let id):
            request = self.request(.delete, try url("webhook_endpoints", id))
        }
        if let body = wanted.body {
            request.fields.append("Content-Type", "application/json")
            request.body = body.serialized()
        }
        let sent = request
        return try await once(.endpoints) { () async throws(CallFault) in
            try await withKey(for: nil) { key throws(CallFault) in
                try answer(try await send(sent, key)).json()
            }
        }
    }
}
