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

    private final class Lock: @unchecked Sendable {
        // SAFETY: a world runs on one thread.
        let locks: FileLocks

        init(_ locks: FileLocks) { self.locks = locks }
        deinit { locks.isExclusive = false }
    }

    private struct Opened: OpenJournalFile {
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
