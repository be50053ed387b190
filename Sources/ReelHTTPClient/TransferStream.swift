/// The reader's side of a transfer; letting it go ends the transfer.
final class TransferStream: HTTPClientStream {
    let head: HTTPClientResponse.Head
    private let transfer: Transfer

    init(head: HTTPClientResponse.Head, transfer: Transfer) {
        self.head = head
        self.transfer = transfer
    }

    deinit { transfer.cancel() }

    func next() async throws(HTTPClientError) -> [UInt8]? {
        try await transfer.content()
    }

    func cancel() {
        transfer.cancel()
    }
}
