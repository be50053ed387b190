internal import CReelSQLite
internal import Glibc

/// The simulated disk as a file system of SQLite (sqlite.org/vfs.html), which does with it what
/// SQLite's own for Unix does with the machine's.
enum SimulatedVFS {
    static let name = "simulated"
    private static let shelf = Shelf()

    /// What SQLite is given, and what it has open.
    // SAFETY: the two descriptions are never freed.
    @safe
    private final class Shelf: @unchecked Sendable {
        // SAFETY: all of it is touched by the one thread that runs worlds, one after the other;
        // the two descriptions are never freed, as SQLite wants it.
        var storage: Storage?
        var files: [Int32: OpenFile] = [:]
        var fileCount: Int32 = 0
        var chance = Chance(seed: 0, stream: 0)
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        let system = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)

        init() {
            unsafe methods.initialize(to: sqlite3_io_methods())
            unsafe system.initialize(to: sqlite3_vfs())
        }
    }

    private static var storage: Storage? { shelf.storage }

    /// A file of SQLite's, which makes room for it: the beginning is SQLite's, the number ours.
    // SAFETY: SQLite makes room for it, and gives it back as it was filled.
    @safe
    private struct Handle {
        var base: sqlite3_file
        var number: Int32
    }

    static func ioError(_ detail: Int32) -> Int32 { SQLITE_IOERR | detail << 8 }

    /// Makes it SQLite's file system for this program, once.
    static func register() {
        // Before SQLite is started, which the registration does.
        _ = creelsqlite_omit_statistics()
        describeFiles()
        unsafe shelf.system.pointee.iVersion = 2
        unsafe shelf.system.pointee.szOsFile = Int32(MemoryLayout<Handle>.size)
        unsafe shelf.system.pointee.mxPathname = 512
        unsafe shelf.system.pointee.zName = UnsafePointer(strdup(name))
        describeNames()
        unsafe shelf.system.pointee.xRandomness = { _, count, bytes in
            for index in 0..<Int(count) {
                unsafe bytes?[index] = CChar(truncatingIfNeeded: SimulatedVFS.draw())
            }
            return count
        }
        unsafe shelf.system.pointee.xSleep = { _, span in span }
        unsafe shelf.system.pointee.xGetLastError = { _, _, _ in 0 }
        unsafe shelf.system.pointee.xCurrentTime = { _, days in
            unsafe days?.pointee = 2_440_587.5 + Double(SimulatedVFS.moment) / 86_400_000
            return SQLITE_OK
        }
        unsafe shelf.system.pointee.xCurrentTimeInt64 = { _, milliseconds in
            unsafe milliseconds?.pointee = 210_866_760_000_000 + SimulatedVFS.moment
            return SQLITE_OK
        }
        let status = unsafe sqlite3_vfs_register(shelf.system, 1)
        precondition(status == SQLITE_OK, "SQLite takes the file system")
    }

    /// Has SQLite work on another world's disk, and draw its own numbers from that world's seed.
    static func use(_ storage: Storage) {
        shelf.storage = storage
        shelf.files = [:]
        shelf.chance = Chance(seed: storage.world.seed, stream: 3)
        // Without a buffer it forgets where it was in its sequence (sqlite3_randomness).
        sqlite3_randomness(0, nil)
    }

    private static func draw() -> UInt64 { shelf.chance.next() }
    private static var moment: Int64 { storage?.world.trueMilliseconds ?? 0 }

    // MARK: Names

    private static func describeNames() {
        unsafe shelf.system.pointee.xOpen = { _, name, file, flags, outFlags in
            guard let file = unsafe file else { return SQLITE_CANTOPEN }
            let path = unsafe name.map { unsafe String(cString: $0) }
            return unsafe SimulatedVFS.open(path, file, flags, outFlags)
        }
        unsafe shelf.system.pointee.xDelete = { _, name, syncs in
            guard let name = unsafe name else { return SimulatedVFS.ioError(10) }
            return SimulatedVFS.remove(unsafe String(cString: name), synchronizing: syncs != 0)
        }
        unsafe shelf.system.pointee.xAccess = { _, name, flags, result in
            guard let name = unsafe name, let storage = SimulatedVFS.storage else {
                return SimulatedVFS.ioError(13)
            }
            let node = storage.node(unsafe String(cString: name))
            // An empty file counts as none, as it does in SQLite's own file system.
            let isThere = node.map { $0.isDirectory || !$0.bytes.isEmpty || flags != 0 } ?? false
            unsafe result?.pointee = isThere ? 1 : 0
            return SQLITE_OK
        }
        unsafe shelf.system.pointee.xFullPathname = { _, name, room, out in
            guard let name = unsafe name, let out = unsafe out else { return SQLITE_CANTOPEN }
            let count = unsafe strlen(name) + 1
            guard count <= Int(room) else { return SQLITE_CANTOPEN }
            unsafe memcpy(out, name, count)
            return SQLITE_OK
        }
    }

    private static func open(
        _ path: String?,
        _ file: UnsafeMutablePointer<sqlite3_file>,
        _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        unsafe file.pointee.pMethods = nil
        guard let storage, let process = storage.process, process.isAlive else {
            return SQLITE_CANTOPEN
        }
        let creates = flags & SQLITE_OPEN_CREATE != 0
        let opened: OpenFile
        do throws(DiskFault) {
            let isNew = path.map { storage.node($0) == nil } ?? true
            let node =
                if let path {
                    try storage.open(path, creating: creates, process)
                } else {
                    Node(isDirectory: false)
                }
            opened = OpenFile(node, process)
            let isLog = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL) != 0
            if isLog, isNew { opened.unsafeName = path }
        } catch {
            return error.number == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN
        }
        shelf.fileCount += 1
        shelf.files[shelf.fileCount] = opened
        unsafe UnsafeMutableRawPointer(file).assumingMemoryBound(to: Handle.self)
            .pointee.number = shelf.fileCount
        unsafe file.pointee.pMethods = UnsafePointer(shelf.methods)
        unsafe outFlags?.pointee = flags
        return SQLITE_OK
    }

    private static func remove(_ path: String, synchronizing: Bool) -> Int32 {
        guard let storage else { return ioError(10) }
        do throws(DiskFault) {
            try storage.remove(path, storage.process)
        } catch {
            return error.number == ENOENT ? ioError(23) : ioError(10)
        }
        guard synchronizing else { return SQLITE_OK }
        do throws(DiskFault) {
            try storage.synchronizeDirectory(OpenFile.directory(of: path), storage.process)
            return SQLITE_OK
        } catch {
            return ioError(5)
        }
    }

    // MARK: Files

    private static func opened(_ file: UnsafeMutablePointer<sqlite3_file>?) -> OpenFile? {
        guard let file = unsafe file else { return nil }
        // SAFETY: SQLite gives back what `open` was given, with room for the whole.
        let number = unsafe UnsafeMutableRawPointer(file).assumingMemoryBound(to: Handle.self)
            .pointee.number
        return shelf.files[number]
    }

    private static func describeFiles() {
        unsafe shelf.methods.pointee.iVersion = 2
        unsafe shelf.methods.pointee.xClose = { file in
            guard let file = unsafe file else { return SQLITE_OK }
            unsafe SimulatedVFS.opened(file)?.close()
            let number = unsafe UnsafeMutableRawPointer(file).assumingMemoryBound(to: Handle.self)
                .pointee.number
            SimulatedVFS.shelf.files[number] = nil
            return SQLITE_OK
        }
        unsafe shelf.methods.pointee.xRead = { file, target, count, offset in
            guard let target = unsafe target else { return SimulatedVFS.ioError(1) }
            return unsafe SimulatedVFS.opened(file)?.read(target, Int(count), at: Int(offset))
                ?? SimulatedVFS.ioError(1)
        }
        unsafe shelf.methods.pointee.xWrite = { file, source, count, offset in
            let bytes = unsafe UnsafeRawBufferPointer(start: source, count: Int(count))
            return unsafe SimulatedVFS.opened(file)?.write(Array(bytes), at: Int(offset))
                ?? SimulatedVFS.ioError(3)
        }
        unsafe shelf.methods.pointee.xTruncate = { file, count in
            unsafe SimulatedVFS.opened(file)?.truncate(to: Int(count)) ?? SimulatedVFS.ioError(6)
        }
        unsafe shelf.methods.pointee.xSync = { file, _ in
            unsafe SimulatedVFS.opened(file)?.synchronize() ?? SimulatedVFS.ioError(4)
        }
        unsafe shelf.methods.pointee.xFileSize = { file, size in
            guard let opened = unsafe SimulatedVFS.opened(file) else {
                return SimulatedVFS.ioError(7)
            }
            unsafe size?.pointee = Int64(opened.node.bytes.count)
            return SQLITE_OK
        }
        unsafe shelf.methods.pointee.xLock = { file, level in
            unsafe SimulatedVFS.opened(file)?.lock(level) ?? SimulatedVFS.ioError(15)
        }
        unsafe shelf.methods.pointee.xUnlock = { file, level in
            unsafe SimulatedVFS.opened(file)?.unlock(to: level) ?? SQLITE_OK
        }
        unsafe shelf.methods.pointee.xCheckReservedLock = { file, result in
            let isReserved = unsafe SimulatedVFS.opened(file)?.node.locks.isReserved ?? false
            unsafe result?.pointee = isReserved ? 1 : 0
            return SQLITE_OK
        }
        unsafe shelf.methods.pointee.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        unsafe shelf.methods.pointee.xSectorSize = { _ in 4_096 }
        unsafe shelf.methods.pointee.xDeviceCharacteristics = { _ in
            SQLITE_IOCAP_POWERSAFE_OVERWRITE
        }
        describeSharedMemory()
    }

    private static func describeSharedMemory() {
        unsafe shelf.methods.pointee.xShmMap = { file, index, size, extends, region in
            guard let opened = unsafe SimulatedVFS.opened(file) else {
                return SimulatedVFS.ioError(21)
            }
            unsafe region?.pointee = unsafe opened.region(
                Int(index),
                byteCount: Int(size),
                extending: extends != 0
            )
            return SQLITE_OK
        }
        unsafe shelf.methods.pointee.xShmLock = { file, offset, count, flags in
            unsafe SimulatedVFS.opened(file)?.lockShared(Int(offset)..<Int(offset + count), flags)
                ?? 0
        }
        unsafe shelf.methods.pointee.xShmBarrier = { _ in }
        unsafe shelf.methods.pointee.xShmUnmap = { file, _ in
            unsafe SimulatedVFS.opened(file)?.unmap()
            return SQLITE_OK
        }
    }
}
