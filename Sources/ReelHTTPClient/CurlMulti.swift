internal import CReelCurl
internal import ReelRuntime

/// libcurl's multi handle: many transfers on one thread (libcurl-multi(3)).
///
/// Everything but `wakeUp` is called from that thread alone.
// SAFETY: curl_multi_wakeup(3) may be called from any thread while the handle lives, which
// `isClosed` guards; all other uses are on the client's thread.
@safe
final class CurlMulti: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private let isClosed = Locked(false)

    /// A transfer that libcurl is done with.
    struct Finished {
        /// The handle's address, by which the transfer is known.
        let key: UInt
        let code: CURLcode
    }

    private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init(idleConnectionCountMax: Int) {
        precondition(Self.isInitialised, "libcurl could not be initialised")
        guard let multi = unsafe curl_multi_init() else {
            preconditionFailure("libcurl could not make a multi handle")
        }
        unsafe self.multi = unsafe multi
        _ = unsafe creelcurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, idleConnectionCountMax)
    }

    deinit { close() }

    func add(_ easy: EasyTransfer) -> Bool {
        unsafe curl_multi_add_handle(multi, easy.handle) == CURLM_OK
    }

    func remove(_ easy: EasyTransfer) {
        _ = unsafe curl_multi_remove_handle(multi, easy.handle)
    }

    /// Lets every transfer do what it can without waiting.
    func perform() {
        var running: Int32 = 0
        _ = unsafe curl_multi_perform(multi, &running)
    }

    /// The transfers that are over since the last call.
    func takeFinished() -> [Finished] {
        var finished: [Finished] = []
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            unsafe finished.append(
                Finished(
                    key: UInt(bitPattern: message.pointee.easy_handle),
                    code: message.pointee.data.result
                )
            )
        }
        return finished
    }

    /// Waits for a socket, for libcurl's own timers, for `wakeUp` or for the time to pass.
    func poll(milliseconds: Int32) {
        _ = unsafe curl_multi_poll(multi, nil, 0, milliseconds, nil)
    }

    /// Ends the wait in `poll`, or the next one; from any thread.
    func wakeUp() {
        // A write to a non-blocking pipe: it has to be made under the lock, so that the handle
        // cannot be closed meanwhile.
        isClosed.withLock { closed in
            if !closed { _ = unsafe curl_multi_wakeup(multi) }
        }
    }

    /// Closes the connections and frees the handle; legal twice.
    func close() {
        let isFirst = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        if isFirst { _ = unsafe curl_multi_cleanup(multi) }
    }
}
