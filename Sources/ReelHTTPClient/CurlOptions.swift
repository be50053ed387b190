internal import CReelCurl
internal import ReelHTTP
internal import ReelRuntime

/// Sets a handle's options (curl_easy_setopt(3)) and remembers the first that was refused.
// SAFETY: the handle is that of the `EasyTransfer` whose initialiser makes and uses this value.
@safe
struct CurlOptions {
    private let handle: UnsafeMutableRawPointer
    private(set) var firstFailure = CURLE_OK

    init(handle: UnsafeMutableRawPointer) {
        unsafe self.handle = unsafe handle
    }

    /// How the connection is made, and what libcurl would do on its own and must not.
    mutating func setTransport(
        _ configuration: HTTPClientConfiguration,
        _ request: HTTPClientRequest,
        _ policy: AddressPolicy
    ) {
        // Threads and signals do not mix (libcurl-thread(3)).
        set(CURLOPT_NOSIGNAL, 1)
        // Without this a cancelled look-up would hold up all the other transfers until the
        // resolver answers.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_PROXY, policy.allowsProxy ? configuration.proxyURL ?? "" : "")
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // One connection for each transfer: a paused one then holds up nobody else.
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let path = configuration.authorityFilePath { set(CURLOPT_CAINFO, path) }
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_BUFFERSIZE, configuration.receiveByteCount)
        set(
            CURLOPT_CONNECTTIMEOUT_MS,
            max(1, Int(clamping: request.limits.connectTimeout.wholeMilliseconds))
        )
        if let path = request.unixSocketPath { set(CURLOPT_UNIX_SOCKET_PATH, path) }
        // libcurl sends a request once more when a connection it used again turns out to be dead,
        // although the server may have acted on the first: not where that matters.
        if !request.mayBeSentAgain { set(CURLOPT_FRESH_CONNECT, 1) }
    }

    /// The method, the URL and the content.
    mutating func setRequest(_ request: HTTPClientRequest) {
        set(CURLOPT_URL, request.url)
        // Dots in a path are the server's to read; ids come percent-encoded.
        set(CURLOPT_PATH_AS_IS, 1)
        switch request.content {
        case _ where request.method == .head:
            set(CURLOPT_NOBODY, 1)
        case .source(let source):
            set(CURLOPT_UPLOAD, 1)
            record(
                unsafe creelcurl_set_offset(
                    handle,
                    CURLOPT_INFILESIZE_LARGE,
                    Int(source.byteCount)
                )
            )
            set(CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
            set(CURLOPT_CUSTOMREQUEST, request.method.name)
        case .bytes(let bytes):
            setBytes(bytes, of: request)
        case nil where [.post, .put, .patch].contains(request.method):
            setBytes([], of: request)
        case nil:
            set(CURLOPT_HTTPGET, 1)
            set(CURLOPT_CUSTOMREQUEST, request.method.name)
        }
    }

    private mutating func setBytes(_ bytes: [UInt8], of request: HTTPClientRequest) {
        set(CURLOPT_POST, 1)
        record(
            unsafe creelcurl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, Int(bytes.count))
        )
        // An empty array has no address, and a null pointer would mean a read function.
        unsafe (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { bytes in
            record(
                unsafe creelcurl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
            )
        }
        set(CURLOPT_CUSTOMREQUEST, request.method.name)
    }

    /// The header fields.
    ///
    /// - Returns: The list that the handle refers to, to be freed after it.
    mutating func setFields(
        _ request: HTTPClientRequest,
        _ configuration: HTTPClientConfiguration
    ) -> UnsafeMutablePointer<curl_slist>? {
        var lines: [String] = []
        if !request.fields.contains("User-Agent") {
            lines.append("User-Agent: Reelhook/\(configuration.version)")
        }
        // A line without a value takes back a field that libcurl would add.
        for name in ["Content-Type", "Expect"] where !request.fields.contains(name) {
            lines.append("\(name):")
        }
        for field in request.fields.fields {
            lines.append(
                field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
            )
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            unsafe list = unsafe curl_slist_append(list, line) ?? list
        }
        record(unsafe creelcurl_set_list(handle, CURLOPT_HTTPHEADER, list))
        return unsafe list
    }

    /// The functions that libcurl calls, with what they are handed.
    mutating func setCallbacks(context: UnsafeMutableRawPointer) {
        record(unsafe creelcurl_set_write_function(handle, CURLOPT_WRITEFUNCTION, takeContent))
        unsafe set(CURLOPT_WRITEDATA, context: context)
        record(unsafe creelcurl_set_write_function(handle, CURLOPT_HEADERFUNCTION, takeLine))
        unsafe set(CURLOPT_HEADERDATA, context: context)
        record(unsafe creelcurl_set_write_function(handle, CURLOPT_READFUNCTION, giveContent))
        unsafe set(CURLOPT_READDATA, context: context)
        record(unsafe creelcurl_set_seek_function(handle, rewindContent))
        unsafe set(CURLOPT_SEEKDATA, context: context)
        record(unsafe creelcurl_set_open_socket_function(handle, openSocket))
        unsafe set(CURLOPT_OPENSOCKETDATA, context: context)
        record(unsafe creelcurl_set_prereq_function(handle, connectionStands))
        unsafe set(CURLOPT_PREREQDATA, context: context)
    }

    private mutating func set(_ option: CURLoption, _ value: Int) {
        record(unsafe creelcurl_set_long(handle, option, value))
    }

    private mutating func set(_ option: CURLoption, _ value: String) {
        record(unsafe creelcurl_set_string(handle, option, value))
    }

    private mutating func set(_ option: CURLoption, context: UnsafeMutableRawPointer) {
        record(unsafe creelcurl_set_pointer(handle, option, context))
    }

    private mutating func record(_ code: CURLcode) {
        if firstFailure == CURLE_OK { firstFailure = code }
    }
}
