internal import Glibc
internal import ReelAssets
internal import ReelRuntime
internal import ReelSystem

/// The simulated disk as the files of videos are kept on it.
struct SimulatedDisk: Disk, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let process: SimulatedProcess

    private var storage: Storage { process.storage }

    func open(
        _ path: String,
        _ mode: File.Mode,
        permissions: UInt32
    ) throws(AssetError) -> any DiskFile {
        let (creating, exclusive, truncating) =
            switch mode {
            case .read, .readWrite: (false, false, false)
            case .readWriteCreate, .append: (true, false, false)
            case .createNew: (true, true, false)
            case .truncate: (true, false, true)
            }
        return try asAssetError { () throws(DiskFault) in
            let node = try storage.open(path, creating: creating, exclusive: exclusive, process)
            if truncating { try storage.truncate(node, to: 0, process) }
            return SimulatedFile(node: node, process: process)
        }
    }

    func status(_ path: String) throws(AssetError) -> FileStatus? {
        try asAssetError { () throws(DiskFault) in
            try storage.admit(.look, process)
            return storage.node(path).map(Self.status)
        }
    }

    static func status(_ node: Node) -> FileStatus {
        FileStatus(
            kind: node.isDirectory ? .directory : node.linkTarget == nil ? .file : .symbolicLink,
            byteCount: Int64(node.bytes.count),
            modifiedAt: Timestamp(millisecondsSinceEpoch: node.modifiedAt)
        )
    }

    func createDirectory(_ path: String, permissions: UInt32) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in try storage.makeDirectory(path, process) }
    }

    func synchronizeDirectory(_ path: String) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in
            try storage.synchronizeDirectory(path, process)
        }
    }

    func rename(_ from: String, to target: String, replacing: Bool) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in
            try storage.rename(from, to: target, replacing: replacing, process)
        }
    }

    func remove(_ path: String) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in
            do throws(DiskFault) {
                try storage.remove(path, process)
            } catch {
                guard error.number == ENOENT else { throw error }
            }
        }
    }

    func removeTree(_ path: String) throws(AssetError) {
        guard let node = storage.node(path) else { return }
        for name in node.entries.keys.sorted() { try removeTree(path + "/" + name) }
        try remove(path)
    }

    func list(_ path: String) throws(AssetError) -> [String] {
        try asAssetError { () throws(DiskFault) in
            try storage.admit(.look, process)
            guard let node = storage.node(path) else { throw DiskFault(number: ENOENT) }
            return node.entries.keys.sorted()
        }
    }

    func link(_ path: String, to target: String) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in
            guard let node = storage.node(target) else { throw DiskFault(number: ENOENT) }
            try storage.link(node, as: path, process)
        }
    }

    func symbolicLink(_ path: String, to target: String) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in
            let node = Node(isDirectory: false)
            node.linkTarget = target
            try storage.link(node, as: path, process)
        }
    }

    func linkTarget(_ path: String) throws(AssetError) -> String? {
        try asAssetError { () throws(DiskFault) in
            try storage.admit(.look, process)
            return storage.node(path)?.linkTarget
        }
    }

    func freeByteCount(_ path: String) throws(AssetError) -> Int64 {
        try asAssetError { () throws(DiskFault) in
            try storage.admit(.look, process)
            return Int64(storage.freeByteCount)
        }
    }
}

/// An open file of the simulated disk.
struct SimulatedFile: DiskFile, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let node: Node
    let process: SimulatedProcess

    private var storage: Storage { process.storage }

    func status() throws(AssetError) -> FileStatus {
        try asAssetError { () throws(DiskFault) in
            try storage.admit(.look, process)
            return SimulatedDisk.status(node)
        }
    }

    func read(at offset: Int64, count: Int) throws(AssetError) -> [UInt8] {
        try asAssetError { () throws(DiskFault) in
            try storage.admit(.read, process)
            return Array(node.bytes.dropFirst(Int(offset)).prefix(count))
        }
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in
            try storage.write(node, bytes, at: Int(offset), process)
        }
    }

    func truncate(to byteCount: Int64) throws(AssetError) {
        try asAssetError { () throws(DiskFault) in
            try storage.truncate(node, to: Int(byteCount), process)
        }
    }

    func synchronize() throws(AssetError) {
        try asAssetError { () throws(DiskFault) in try storage.synchronize(node, process) }
    }
}

private func asAssetError<Value>(
    _ body: () throws(DiskFault) -> Value
) throws(AssetError) -> Value {
    do throws(DiskFault) {
        return try body()
    } catch {
        switch error.number {
        case ENOSPC: throw .diskFull
        case ENOENT: throw .missing
        case EEXIST: throw .occupied
        default: throw .disk(code: error.number)
        }
    }
}
