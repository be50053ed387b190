internal import CReelCurl
internal import ReelHTTP
internal import ReelRuntime

/// libcurl's side of one transfer: its handle, its header lines and what its callbacks need.
///
/// It lives on the client's thread alone, and outlives the handle's time in the multi handle.
// SAFETY: both pointers are made in `init` and freed in `deinit`, and never leave this room.
@safe
final class EasyTransfer {
    let handle: UnsafeMutableRawPointer
    let transfer: Transfer
    let policy: AddressPolicy
    private let time: any TimeSource
    private var fieldLines: UnsafeMutablePointer<curl_slist>?
    private var parser: ResponseHeadParser
    /// An address was refused; it is the reason when no other could be connected to.
    private(set) var hasRefusedAddress = false
    /// The head could not be read, or was too large.
    private(set) var hasMalformedHead = false
    /// The request's own content could not be read.
    private var hasUnreadableContent = false
    /// How much of the request's content libcurl was given.
    private var sentByteCount: Int64 = 0
    /// Bytes came in this turn.
    private(set) var isTouched = false
    /// Since when, and from which count on, the transfer's speed is measured; nil before it is
    /// connected, which has a time limit of its own.
    private var window: (start: Duration, byteCount: Int64)?

    /// Makes a handle that is ready to be added.
    ///
    /// - Throws: `HTTPClientError` when the request cannot be expressed.
    init(
        _ transfer: Transfer,
        configuration: HTTPClientConfiguration,
        time: any TimeSource
    ) throws(HTTPClientError) {
        guard let handle = unsafe curl_easy_init() else {
            throw .transport(code: Int(CURLE_FAILED_INIT.rawValue))
        }
        unsafe self.handle = unsafe handle
        self.transfer = transfer
        self.time = time
        policy = AddressPolicy(transfer.request.destinations)
        parser = ResponseHeadParser(byteCountMax: configuration.headerByteCountMax)
        unsafe fieldLines = nil
        var options = unsafe CurlOptions(handle: handle)
        options.setTransport(configuration, transfer.request, policy)
        options.setRequest(transfer.request)
        unsafe fieldLines = unsafe options.setFields(transfer.request, configuration)
        // SAFETY: the callbacks run only while the handle is in the multi handle, and the one who
        // adds it keeps this object until it is removed.
        unsafe options.setCallbacks(context: Unmanaged.passUnretained(self).toOpaque())
        if options.firstFailure != CURLE_OK {
            throw HTTPClientError(options.firstFailure)
        }
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(fieldLines)
    }

    var key: UInt { unsafe UInt(bitPattern: handle) }

    // MARK: What the callbacks report

    func lineReceived(_ line: [UInt8]) -> Bool {
        switch parser.lineReceived(line) {
        case .more:
            return true
        case .head(let head):
            return transfer.headReceived(head)
        case .malformed:
            hasMalformedHead = true
            return false
        }
    }

    func bytesReceived(_ bytes: Span<UInt8>) -> TransferMachine.BytesAction {
        isTouched = true
        return transfer.bytesReceived(bytes)
    }

    /// The next bytes of the request's content, none at its end; nil when they cannot be read.
    func nextContent(count: Int) -> [UInt8]? {
        guard case .source(let source) = transfer.request.content else { return [] }
        let wanted = Int(min(Int64(count), source.byteCount - sentByteCount))
        guard wanted > 0 else { return [] }
        guard let bytes = source.read(at: sentByteCount, count: wanted), !bytes.isEmpty,
            bytes.count <= wanted
        else {
            hasUnreadableContent = true
            return nil
        }
        sentByteCount += Int64(bytes.count)
        return bytes
    }

    func sendContent(from offset: Int64) {
        sentByteCount = offset
    }

    /// Whether a connection may be made to the address.
    func permits(_ address: IPAddress?) -> Bool {
        guard policy.allows(address) else {
            hasRefusedAddress = true
            return false
        }
        return true
    }

    /// The connection stands, new or used again, and nothing was sent on it yet.
    func connected(to address: IPAddress?) -> Bool {
        window = (time.uptime(), 0)
        return transfer.request.unixSocketPath != nil || permits(address)
    }

    // MARK: What the thread asks

    /// Hands what has come to a waiting reader, and lets a paused transfer go on.
    func flush() {
        guard isTouched else { return }
        isTouched = false
        if transfer.flush() {
            resume()
        } else if transfer.pausesAhead() {
            _ = unsafe curl_easy_pause(handle, Int32(CURLPAUSE_RECV))
        }
    }

    /// Lets a paused transfer go on when there is room.
    func resume() {
        guard transfer.resumed() else { return }
        restartWindow()
        // It may call back at once with what was kept, and be paused again by that.
        _ = unsafe curl_easy_pause(handle, Int32(CURLPAUSE_CONT))
    }

    /// When the transfer has to be looked at again, as uptime.
    var due: Duration {
        let stall = window.map { $0.start + transfer.request.limits.stallTimeout }
        return min(transfer.deadline, stall ?? transfer.deadline)
    }

    /// Whether a time limit is passed.
    ///
    /// A transfer that nobody reads from is not slow.
    func isTimedOut(at now: Duration) -> Bool {
        if now >= transfer.deadline { return true }
        let limits = transfer.request.limits
        guard let window, now - window.start >= limits.stallTimeout else { return false }
        defer { restartWindow() }
        if transfer.isPaused { return false }
        let least = Double(limits.slowestBytesPerSecond) * limits.stallTimeout.inSeconds
        return Double(byteCount() - window.byteCount) < max(1, least)
    }

    private func restartWindow() {
        if window != nil { window = (time.uptime(), byteCount()) }
    }

    /// The bytes that went over the connection so far, in both directions.
    private func byteCount() -> Int64 {
        var uploaded: curl_off_t = 0
        var downloaded: curl_off_t = 0
        var header = 0
        _ = unsafe creelcurl_get_offset(handle, CURLINFO_SIZE_UPLOAD_T, &uploaded)
        _ = unsafe creelcurl_get_offset(handle, CURLINFO_SIZE_DOWNLOAD_T, &downloaded)
        _ = unsafe creelcurl_get_long(handle, CURLINFO_HEADER_SIZE, &header)
        return Int64(uploaded) + Int64(downloaded) + Int64(header)
    }

    /// Why the transfer that libcurl is done with has failed; nil when it has not.
    func error(for code: CURLcode) -> HTTPClientError? {
        if let failure = transfer.failure { return failure }
        if hasMalformedHead { return .malformedResponse }
        if hasUnreadableContent { return .contentUnreadable }
        guard code != CURLE_OK else { return nil }
        if hasRefusedAddress, code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK {
            return .destinationRefused
        }
        return HTTPClientError(code)
    }
}
