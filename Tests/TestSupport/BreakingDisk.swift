package import ReelAssets
internal import ReelRuntime
package import ReelSystem

/// The machine's file system until step N, which fails, as does every one after it.
///
/// The steps are the calls that change something. What was done before stays done, so a test finds
/// what a crash at that step would leave behind.
package final class BreakingDisk: Disk {
    private let base = SystemDisk()
    private let failure: AssetError
    private let isLasting: Bool
    private let left: Locked<Int>
    private let names = Locked<[String]>([])
    /// What `freeByteCount` says; nil for the truth.
    private let free: Int64?
    /// Whether renames between different directories say that they are on different volumes.
    private let isSplit: Bool

    package init(
        after stepCount: Int = .max,
        failure: AssetError = .disk(code: 5),
        isLasting: Bool = true,
        free: Int64? = nil,
        isSplit: Bool = false
    ) {
        left = Locked(stepCount)
        self.failure = failure
        self.isLasting = isLasting
        self.free = free
        self.isSplit = isSplit
    }

    /// Whether the failing step was reached.
    package var isBroken: Bool { left.withLock { $0 } < 0 }

    /// The removals and the flushes of directories that were made, in their order.
    package var changesOfNames: [String] { names.withLock { $0 } }

    func step() throws(AssetError) {
        let fails = left.withLock { left in
            left -= 1
            return left < 0 && (isLasting || left == -1)
        }
        if fails { throw failure }
    }

    package func open(
        _ path: String,
        _ mode: File.Mode,
        permissions: UInt32
    ) throws(AssetError) -> any DiskFile {
        switch mode {
        case .read: break
        case .readWrite, .readWriteCreate, .createNew, .truncate, .append: try step()
        }
        return BreakingFile(
            base: try base.open(path, mode, permissions: permissions),
            disk: self
        )
    }

    package func status(_ path: String) throws(AssetError) -> FileStatus? { try base.status(path) }

    package func createDirectory(_ path: String, permissions: UInt32) throws(AssetError) {
        try step()
        try base.createDirectory(path, permissions: permissions)
    }

    package func synchronizeDirectory(_ path: String) throws(AssetError) {
        try step()
        try base.synchronizeDirectory(path)
        names.withLock { $0.append("synchronize " + path) }
    }

    package func rename(_ from: String, to: String, replacing: Bool) throws(AssetError) {
        try step()
        if isSplit, folder(from) != folder(to) { throw .disk(code: 18) }
        try base.rename(from, to: to, replacing: replacing)
    }

    package func remove(_ path: String) throws(AssetError) {
        try step()
        try base.remove(path)
        names.withLock { $0.append("remove " + path) }
    }

    package func removeTree(_ path: String) throws(AssetError) {
        try step()
        try base.removeTree(path)
    }

    package func link(_ path: String, to target: String) throws(AssetError) {
        try step()
        try base.link(path, to: target)
    }

    package func symbolicLink(_ path: String, to target: String) throws(AssetError) {
        try step()
        try base.symbolicLink(path, to: target)
    }

    package func linkTarget(_ path: String) throws(AssetError) -> String? {
        try base.linkTarget(path)
    }

    package func list(_ path: String) throws(AssetError) -> [String] { try base.list(path) }

    package func freeByteCount(_ path: String) throws(AssetError) -> Int64 {
        if let free { return free }
        return try base.freeByteCount(path)
    }

    private func folder(_ path: String) -> String {
        path.split(separator: "/").dropLast().joined(separator: "/")
    }
}

/// A file of a `BreakingDisk`.
private struct BreakingFile: DiskFile {
    let base: any DiskFile
    let disk: BreakingDisk

    func status() throws(AssetError) -> FileStatus { try base.status() }

    func read(at offset: Int64, count: Int) throws(AssetError) -> [UInt8] {
        try base.read(at: offset, count: count)
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(AssetError) {
        try disk.step()
        try base.write(bytes, at: offset)
    }

    func truncate(to byteCount: Int64) throws(AssetError) {
        try disk.step()
        try base.truncate(to: byteCount)
    }

    func synchronize() throws(AssetError) {
        try disk.step()
        try base.synchronize()
    }
}
