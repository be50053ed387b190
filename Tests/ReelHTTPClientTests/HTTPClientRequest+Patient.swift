import ReelHTTP
import ReelHTTPClient

extension HTTPClientRequest {
    /// A GET that no time limit ends, on however busy a machine: something else is to end it.
    static func patient(_ url: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(.get, url)
        request.limits.totalTimeout = .seconds(3600)
        request.limits.stallTimeout = .seconds(3600)
        return request
    }
}
