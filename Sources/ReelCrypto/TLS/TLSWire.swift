internal import CReelOpenSSL

/// What OpenSSL reads from and writes to in place of a socket: the bytes that a caller lends for
/// the time of one call, and an array that grows.
///
/// A memory BIO would copy every byte once more and keep what it has grown to.
// SAFETY: `input` is set only within `lend`, for the time of its body, by the one thread that uses
// the session; the BIO holds this object without counting it, and the session that owns both frees
// the BIO first.
@safe
final class TLSWire {
    private var input: UnsafeBufferPointer<UInt8>
    private var position = 0
    var output: [UInt8] = []

    init() {
        unsafe input = UnsafeBufferPointer(start: nil, count: 0)
    }

    /// Runs a body that may read from the bytes.
    ///
    /// - Returns: How many were read.
    func lend(_ bytes: Span<UInt8>, _ body: () -> Void) -> Int {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe input = buffer
            position = 0
            body()
            unsafe input = UnsafeBufferPointer(start: nil, count: 0)
            return position
        }
    }

    /// Makes a BIO on this wire, to be freed before it.
    func makeBIO() -> OpaquePointer {
        guard let bio = unsafe BIO_new(Self.method.pointer) else {
            preconditionFailure("no memory for a session")
        }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    private func read(_ target: UnsafeMutableRawPointer, _ countMax: Int) -> Int {
        let count = unsafe min(countMax, input.count - position)
        guard count > 0, let base = unsafe input.baseAddress else { return 0 }
        unsafe target.copyMemory(from: base + position, byteCount: count)
        position += count
        return count
    }

    private static func wire(of bio: OpaquePointer) -> TLSWire? {
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSWire>.fromOpaque(data).takeUnretainedValue()
    }

    /// The functions that OpenSSL calls, made once.
    // SAFETY: written in `init` alone, and never freed.
    @safe
    private struct Method: @unchecked Sendable {
        let pointer: OpaquePointer

        init() {
            let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
            guard let method = unsafe BIO_meth_new(type, "lent bytes") else {
                preconditionFailure("no memory for a session")
            }
            unsafe pointer = method
            unsafe BIO_meth_set_read_ex(method) { bio, target, countMax, count in
                guard let bio = unsafe bio, let target = unsafe target, let count = unsafe count,
                    let wire = unsafe TLSWire.wire(of: bio)
                else { return 0 }
                unsafe creelopenssl_retry_nothing(bio)
                unsafe count.pointee = wire.read(target, countMax)
                guard unsafe count.pointee == 0 else { return 1 }
                unsafe creelopenssl_retry_reading(bio)
                return 0
            }
            unsafe BIO_meth_set_write_ex(method) { bio, source, sourceCount, count in
                guard let bio = unsafe bio, let source = unsafe source, let count = unsafe count,
                    let wire = unsafe TLSWire.wire(of: bio)
                else { return 0 }
                unsafe creelopenssl_retry_nothing(bio)
                let bytes = unsafe UnsafeRawBufferPointer(start: source, count: sourceCount)
                unsafe wire.output.append(contentsOf: bytes)
                unsafe count.pointee = sourceCount
                return 1
            }
            unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in
                // There is nothing to flush; all else is not asked of a source and sink.
                command == BIO_CTRL_FLUSH ? 1 : 0
            }
        }
    }

    private static let method = Method()
}
