/// What a request carries.
package enum HTTPClientContent: Sendable {
    case bytes([UInt8])
    /// Read while it is sent, so that its size costs no memory.
    case source(any HTTPClientContentSource)
}

/// Content of a request that is read piece by piece, such as a part of a file.
///
/// It is called on the client's thread, one call at a time and perhaps from the beginning again
/// when the request is sent once more; a read of a local file may take its time, a wait for
/// anything else may not.
package protocol HTTPClientContentSource: Sendable {
    /// How many bytes there are; declared before they are sent.
    var byteCount: Int64 { get }

    /// The bytes from an offset, at most `count` and never empty before the end; nil when they
    /// cannot be read, which ends the transfer.
    func read(at offset: Int64, count: Int) -> [UInt8]?
}
