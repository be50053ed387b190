internal import Glibc
internal import ReelJournal
internal import ReelJournalSQLite

/// The simulated disk as the journal uses it beside SQLite.
struct SimulatedJournalFiles: JournalFiles, @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let process: SimulatedProcess

    private var storage: Storage { process.storage }

    var name: String? { SimulatedVFS.name }

    func lock(_ path: String) throws(JournalError) -> any AnyObject & Sendable {
        let node = try asJournalError { () throws(DiskFault) in
            try storage.open(path, creating: true, process)
        }
        guard !node.locks.isExclusive else { throw .inUse }
        node.locks.isExclusive = true
        return Lock(node.locks)
    }

    func create(_ path: String) throws(JournalError) {
        try asJournalError { () throws(DiskFault) in
            _ = try storage.open(path, creating: true, process)
        }
    }

    func open(_ path: String) throws(JournalError) -> (any OpenJournalFile)? {
        do throws(DiskFault) {
            return Opened(node: try storage.open(path, creating: false, process), process: process)
        } catch {
            guard error.number == ENOENT else { throw .io }
            return nil
        }
    }

    func synchronizeDirectory(_ path: String) throws(JournalError) {
        try asJournalError { () throws(DiskFault) in
            try storage.synchronizeDirectory(path, process)
        }
    }

    func allocate(_ path: String, byteCount: Int64) throws(JournalError) {
        do throws(DiskFault) {
            let node = try storage.open(path, creating: true, process)
            guard Int64(node.bytes.count) != byteCount else { return }
            try storage.truncate(node, to: 0, process)
            let zeros = repeatElement(UInt8(0), count: Int(byteCount))
            try storage.write(node, Array(zeros), at: 0, process)
        } catch {
            try? remove(path)
            throw error.number == ENOSPC ? .full : .io
        }
    }

    func remove(_ path: String) throws(JournalError) {
        guard let node = storage.node(path) else { return }
        try asJournalError { () throws(DiskFault) in
            try storage.truncate(node, to: 0, process)
            try storage.remove(path, process)
        }
    }

    func freeByteCount(_ directory: String) throws(JournalError) -> Int64 {
        Int64(storage.freeByteCount)
    }

    private final class Lock: @unchecked Sendable {
        // SAFETY: a world runs on one thread.
        let locks: FileLocks

        init(_ locks: FileLocks) { self.locks = locks }
        deinit { locks.isExclusive = false }
    }

    // SAFETY: a world runs on one thread.
    private struct Opened: OpenJournalFile, @unchecked Sendable {
        let node: Node
        let process: SimulatedProcess

        func read(at offset: Int, count: Int) throws(JournalError) -> [UInt8] {
            try asJournalError { () throws(DiskFault) in
                try process.storage.admit(.read, process)
                return Array(node.bytes.dropFirst(offset).prefix(count))
            }
        }

        func write(_ bytes: [UInt8], at offset: Int) throws(JournalError) {
            try asJournalError { () throws(DiskFault) in
                try process.storage.write(node, bytes, at: offset, process)
            }
        }

        func synchronize() throws(JournalError) {
            try asJournalError { () throws(DiskFault) in
                try process.storage.synchronize(node, process)
            }
        }
    }
}

private func asJournalError<Value>(
    _ body: () throws(DiskFault) -> Value
) throws(JournalError) -> Value {
    do throws(DiskFault) {
        return try body()
    } catch {
        throw error.number == ENOSPC ? .full : .io
    }
}
