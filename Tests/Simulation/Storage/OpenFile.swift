internal import CReelSQLite
internal import Glibc

/// A file that one of SQLite's connections has open.
final class OpenFile {
    let node: Node
    private let process: SimulatedProcess
    private let locks: FileLocks
    /// The name of a new log, until a sync has seen to it that it is on disk.
    var unsafeName: String?
    private var level = SQLITE_LOCK_NONE
    private var isMapped = false
    /// Which of the eight locks it shares and which it has alone.
    private var sharing: Set<Int> = []
    private var owning: Set<Int> = []

    init(_ node: Node, _ process: SimulatedProcess) {
        self.node = node
        self.process = process
        locks = node.locks
    }

    static func directory(of path: String) -> String {
        path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    private var storage: Storage { process.storage }

    func close() {
        guard process.isAlive else { return }
        _ = unlock(to: SQLITE_LOCK_NONE)
        unmap()
    }

    // MARK: Content

    func read(_ target: UnsafeMutableRawPointer, _ count: Int, at offset: Int) -> Int32 {
        do throws(DiskFault) {
            try storage.admit(.read, process)
        } catch {
            return SimulatedVFS.ioError(1)
        }
        let available = min(max(node.bytes.count - offset, 0), count)
        unsafe node.bytes.withUnsafeBytes { bytes in
            guard available > 0, let start = bytes.baseAddress else { return }
            unsafe memcpy(target, start + offset, available)
        }
        guard available < count else { return SQLITE_OK }
        unsafe memset(target + available, 0, count - available)
        return SimulatedVFS.ioError(2)
    }

    func write(_ bytes: [UInt8], at offset: Int) -> Int32 {
        do throws(DiskFault) {
            try storage.write(node, bytes, at: offset, process)
            return SQLITE_OK
        } catch {
            return error.number == ENOSPC ? SQLITE_FULL : SimulatedVFS.ioError(3)
        }
    }

    func truncate(to count: Int) -> Int32 {
        do throws(DiskFault) {
            try storage.truncate(node, to: count, process)
            return SQLITE_OK
        } catch {
            return SimulatedVFS.ioError(6)
        }
    }

    func synchronize() -> Int32 {
        do throws(DiskFault) {
            try storage.synchronize(node, process)
        } catch {
            return SimulatedVFS.ioError(4)
        }
        if let name = unsafeName {
            // Whether that works is of no interest to SQLite's own file system either.
            try? storage.synchronizeDirectory(Self.directory(of: name), process)
            unsafeName = nil
        }
        return SQLITE_OK
    }

    // MARK: Locks

    func lock(_ wanted: Int32) -> Int32 {
        guard process.isAlive else { return SimulatedVFS.ioError(15) }
        guard level < wanted else { return SQLITE_OK }
        switch wanted {
        case SQLITE_LOCK_SHARED:
            guard !locks.isPending, !locks.isExclusive else { return SQLITE_BUSY }
            locks.readerCount += 1
        case SQLITE_LOCK_RESERVED:
            guard !locks.isReserved else { return SQLITE_BUSY }
            locks.isReserved = true
        default:
            if level < SQLITE_LOCK_PENDING {
                guard !locks.isPending else { return SQLITE_BUSY }
                guard level >= SQLITE_LOCK_RESERVED || !locks.isReserved else {
                    return SQLITE_BUSY
                }
                locks.isPending = true
                locks.isReserved = true
                level = SQLITE_LOCK_PENDING
            }
            guard locks.readerCount == 1 else { return SQLITE_BUSY }
            locks.isExclusive = true
        }
        level = wanted
        return SQLITE_OK
    }

    func unlock(to wanted: Int32) -> Int32 {
        guard process.isAlive, level > wanted else { return SQLITE_OK }
        if level >= SQLITE_LOCK_RESERVED { locks.isReserved = false }
        if level >= SQLITE_LOCK_PENDING { locks.isPending = false }
        if level >= SQLITE_LOCK_EXCLUSIVE { locks.isExclusive = false }
        if wanted == SQLITE_LOCK_NONE { locks.readerCount -= 1 }
        level = wanted
        return SQLITE_OK
    }

    // MARK: Shared memory

    func region(
        _ index: Int,
        byteCount: Int,
        extending: Bool
    ) -> UnsafeMutableRawPointer? {
        if !isMapped {
            isMapped = true
            locks.mapCount += 1
        }
        while unsafe locks.regions.count <= index {
            guard extending else { return nil }
            let region = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
            unsafe memset(region, 0, byteCount)
            unsafe locks.regions.append(region)
        }
        return unsafe locks.regions[index]
    }

    func unmap() {
        guard isMapped, process.isAlive else { return }
        isMapped = false
        for lock in sharing { locks.shared[lock] -= 1 }
        for lock in owning { locks.shared[lock] = 0 }
        (sharing, owning) = ([], [])
        locks.mapCount -= 1
        if locks.mapCount == 0 { locks.freeRegions() }
    }

    func lockShared(_ range: Range<Int>, _ flags: Int32) -> Int32 {
        guard process.isAlive else { return SQLITE_OK }
        if flags & SQLITE_SHM_UNLOCK != 0 {
            for lock in range {
                if sharing.remove(lock) != nil { locks.shared[lock] -= 1 }
                if owning.remove(lock) != nil { locks.shared[lock] = 0 }
            }
        } else if flags & SQLITE_SHM_SHARED != 0 {
            for lock in range where !sharing.contains(lock) {
                guard locks.shared[lock] >= 0 else { return SQLITE_BUSY }
                locks.shared[lock] += 1
                sharing.insert(lock)
            }
        } else {
            let others = range.allSatisfy { lock in
                locks.shared[lock] == 0 || owning.contains(lock)
            }
            guard others else { return SQLITE_BUSY }
            for lock in range {
                locks.shared[lock] = -1
                owning.insert(lock)
            }
        }
        return SQLITE_OK
    }
}
