internal import CReelLinux
internal import Glibc

/// Descriptors on their way from one process to another over a Unix socket, with a text that says
/// which they are (unix(7), `SCM_RIGHTS`).
struct DescriptorMessage {
    /// What one message holds.
    static let countMax = 8
    private static let textByteCountMax = 512

    let text: String
    let numbers: [Int32]

    /// Sends the message without waiting; the descriptors stay open here.
    ///
    /// - Throws: What sendmsg(2) gives, `EAGAIN` included.
    func send(over socket: borrowing Descriptor) throws(SystemError) {
        precondition((1...Self.countMax).contains(numbers.count), "too many descriptors")
        let bytes = Array(text.utf8)
        precondition((1...Self.textByteCountMax).contains(bytes.count), "too long a text")
        let number = socket.number
        try call("sendmsg") {
            unsafe creellinux_send_descriptors(number, numbers, numbers.count, bytes, bytes.count)
        }
    }

    /// What has come by now: a message of which the descriptors are the caller's, an empty one at
    /// the end of the stream, or nil.
    ///
    /// - Throws: What recvmsg(2) gives.
    static func received(over socket: Int32) throws(SystemError) -> DescriptorMessage? {
        var numbers = [Int32](repeating: -1, count: countMax)
        var count = 0
        var bytes = [UInt8](repeating: 0, count: textByteCountMax)
        let outcome = try attempt("recvmsg") {
            unsafe creellinux_receive_descriptors(socket, &numbers, &count, &bytes, bytes.count)
        }
        switch outcome {
        case .wouldBlock: return nil
        case .done(let length):
            return DescriptorMessage(
                text: String(decoding: bytes.prefix(length), as: UTF8.self),
                numbers: Array(numbers.prefix(count))
            )
        }
    }
}
