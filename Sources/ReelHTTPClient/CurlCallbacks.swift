internal import CReelCurl
internal import Glibc
internal import ReelHTTP

/// CURLOPT_WRITEFUNCTION(3): content has come.
func takeContent(
    _ bytes: UnsafeMutablePointer<CChar>,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let easy = unsafe easyTransfer(context) else { return 0 }
    // SAFETY: libcurl lends `count` bytes (`size` is 1) until the function returns.
    let content = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    let action = unsafe content.withMemoryRebound(to: UInt8.self) { content in
        unsafe easy.bytesReceived(content.span)
    }
    switch action {
    case .taken: return size * count
    case .pause: return Int(CURL_WRITEFUNC_PAUSE)
    case .abort: return 0
    }
}

/// CURLOPT_READFUNCTION(3): there is room for content of the request.
func giveContent(
    _ bytes: UnsafeMutablePointer<CChar>,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let easy = unsafe easyTransfer(context),
        let content = easy.nextContent(count: size * count)
    else { return Int(CURL_READFUNC_ABORT) }
    // SAFETY: libcurl lends room for `size * count` bytes, and `nextContent` gives no more.
    unsafe UnsafeMutableRawPointer(bytes).copyMemory(from: content, byteCount: content.count)
    return content.count
}

/// CURLOPT_SEEKFUNCTION(3): the request is sent once more, from that offset on.
func rewindContent(
    _ context: UnsafeMutableRawPointer?,
    _ offset: curl_off_t,
    _ origin: Int32
) -> Int32 {
    guard let easy = unsafe easyTransfer(context), origin == SEEK_SET, offset >= 0 else {
        return Int32(CURL_SEEKFUNC_FAIL)
    }
    easy.sendContent(from: Int64(offset))
    return Int32(CURL_SEEKFUNC_OK)
}

/// CURLOPT_HEADERFUNCTION(3): a line of the header section has come, with its line end.
func takeLine(
    _ bytes: UnsafeMutablePointer<CChar>,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let easy = unsafe easyTransfer(context) else { return 0 }
    // SAFETY: libcurl lends `count` bytes (`size` is 1) until the function returns.
    let line = unsafe Array(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return easy.lineReceived(line) ? size * count : 0
}

/// CURLOPT_OPENSOCKETFUNCTION(3): a connection is about to be made to an address.
///
/// The socket is closed on exec, since the service starts other programs.
func openSocket(
    _ context: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>
) -> curl_socket_t {
    guard let easy = unsafe easyTransfer(context) else { return CURL_SOCKET_BAD }
    let family = unsafe address.pointee.family
    let isPermitted =
        if family == AF_UNIX {
            easy.transfer.request.unixSocketPath != nil
        } else {
            unsafe easy.permits(ipAddress(address))
        }
    guard isPermitted else { return CURL_SOCKET_BAD }
    return unsafe socket(
        family,
        address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
        address.pointee.protocol
    )
}

/// CURLOPT_PREREQFUNCTION(3): the connection stands, and the request is about to be sent.
func connectionStands(
    _ context: UnsafeMutableRawPointer?,
    _ remote: UnsafeMutablePointer<CChar>?,
    _ local: UnsafeMutablePointer<CChar>?,
    _ remotePort: Int32,
    _ localPort: Int32
) -> Int32 {
    guard let easy = unsafe easyTransfer(context) else { return Int32(CURL_PREREQFUNC_ABORT) }
    let address = unsafe remote.flatMap { unsafe IPAddress(String(cString: $0)) }
    return easy.connected(to: address)
        ? Int32(CURL_PREREQFUNC_OK) : Int32(CURL_PREREQFUNC_ABORT)
}

private func easyTransfer(_ context: UnsafeMutableRawPointer?) -> EasyTransfer? {
    // SAFETY: the context is the transfer that set the callback, which is alive while it is called.
    unsafe context.map { unsafe Unmanaged<EasyTransfer>.fromOpaque($0).takeUnretainedValue() }
}

/// The address of an Internet socket address (ip(7), ipv6(7)).
private func ipAddress(_ address: UnsafePointer<curl_sockaddr>) -> IPAddress? {
    let offset: Int
    let count: Int
    switch unsafe address.pointee.family {
    case AF_INET: (offset, count) = (4, 4)
    case AF_INET6: (offset, count) = (8, 16)
    default: return nil
    }
    guard unsafe Int(address.pointee.addrlen) >= offset + count else { return nil }
    // SAFETY: libcurl's structure holds `addrlen` bytes of the address.
    let bytes = unsafe UnsafeRawBufferPointer(
        start: creelcurl_address(address) + offset,
        count: count
    )
    return unsafe IPAddress(networkBytes: Array(bytes))
}
