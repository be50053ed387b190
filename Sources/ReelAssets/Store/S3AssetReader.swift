internal import ReelHTTPClient
internal import ReelRuntime
internal import ReelS3

/// Reads an object; one request goes on as long as it is read in order.
final class S3AssetReader: AssetReader {
    let byteCount: Int64
    let modifiedAtSeconds: Int64
    private let client: S3Client
    private let key: String
    private let entityTag: String?
    private let position = Locked(Position())

    /// Where the open request stands; taken out while somebody reads from it.
    private struct Position {
        var stream: (any HTTPClientStream)?
        var offset: Int64 = 0
        var left: [UInt8] = []
    }

    init(client: S3Client, key: String, object: S3Object) {
        self.client = client
        self.key = key
        byteCount = object.byteCount
        modifiedAtSeconds = object.modifiedAt?.secondsSinceEpoch ?? 0
        entityTag = object.entityTag
    }

    deinit {
        position.withLock { $0.stream?.cancel() }
    }

    func read(at offset: Int64, count: Int) async throws(AssetError) -> [UInt8] {
        guard offset < byteCount, count > 0 else { return [] }
        var current = position.withLock { position in
            let taken = position
            position = Position()
            return taken
        }
        do {
            if current.stream == nil || current.offset != offset {
                current.stream?.cancel()
                current = Position(offset: offset)
                current.stream = try await client.read(key, from: offset, entityTag: entityTag)
            }
            while current.left.isEmpty {
                guard let bytes = try await current.stream?.next() else { throw AssetError.changed }
                current.left = bytes
            }
        } catch {
            current.stream?.cancel()
            throw Self.fault(error)
        }
        let piece = Array(current.left.prefix(count))
        current.left.removeFirst(piece.count)
        current.offset += Int64(piece.count)
        position.withLock { [current] in $0 = current }
        return piece
    }

    private static func fault(_ error: any Error) -> AssetError {
        switch error {
        case let error as AssetError: error
        case let error as S3Error where error.kind == .occupied: .changed
        case let error as S3Error: .store(error)
        case let error as HTTPClientError: .store(S3Error(.transport(error)))
        default: .changed
        }
    }
}
