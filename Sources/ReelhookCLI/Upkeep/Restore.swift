internal import Glibc
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelSystem

/// Puts a backup into an empty data directory: all of it is verified before anything is written,
/// and the journal is put in place last.
struct Restore {
    let source: String
    let dataDirectory: String
    let tool: Tool

    /// Restores it and returns what was restored.
    ///
    /// - Throws: `Failure` or `SystemError`; there is no journal in the directory then.
    func run() throws -> BackupList {
        let list = try verified()
        if try FileSystem.status(dataDirectory) == nil {
            try FileSystem.createDirectory(
                dataDirectory,
                permissions: FileCopy.directoryPermissions,
                intermediates: true
            )
            try FileSystem.synchronizeDirectory(dataDirectory + "/..")
        }
        let journal = dataDirectory + "/" + BackupList.journalName
        // Until this ends, a service that starts here says that the directory is in use.
        let lockPath = SQLiteJournalDriver.lockPath(of: journal)
        let lock = try File.open(lockPath, .readWriteCreate)
        guard try lock.lock() else {
            let owner = SQLiteJournalDriver.owner(of: journal).map { ", process \($0)," } ?? ""
            throw Failure("a reelhook\(owner) is running on \(dataDirectory); stop it first")
        }
        let names = try FileSystem.list(dataDirectory).filter { !lockPath.hasSuffix("/" + $0) }
        guard names.isEmpty else {
            throw Failure("\(dataDirectory) is not empty; a backup is restored into an empty one")
        }
        try lock.truncate(to: 0)
        try lock.write(Array("\(getpid())\n".utf8), at: 0)
        try withExtendedLifetime(lock) { try copy(list, to: journal) }
        return list
    }

    private func verified() throws -> BackupList {
        let list = try BackupList.read(source)
        let progress = ProgressLine(tool)
        defer { progress.end() }
        var faults: [String] = []
        for (index, line) in list.lines.enumerated() {
            progress.show("verified \(index) of \(list.lines.count) files")
            do throws(SystemError) {
                if try FileCopy.read(source + "/" + line.path) != line.content {
                    faults.append("\(line.path) is not what was backed up")
                }
            } catch {
                faults.append("\(line.path): \(error.description)")
            }
        }
        guard faults.isEmpty else {
            for fault in faults { tool.say(fault) }
            throw Failure("\(source) is damaged; nothing was restored")
        }
        do throws(JournalError) {
            _ = try JournalCopy.describe(source + "/" + BackupList.journalName)
        } catch {
            throw Failure("\(source) cannot be restored: \(error.description)")
        }
        return list
    }

    private func copy(_ list: BackupList, to journal: String) throws {
        let progress = ProgressLine(tool)
        defer { progress.end() }
        var folders: Set<String> = []
        for (index, line) in list.lines.enumerated() where line.path != BackupList.journalName {
            progress.show("restored \(index) of \(list.lines.count) files")
            let path = dataDirectory + "/" + line.path
            let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
            if folders.insert(folder).inserted {
                try FileSystem.createDirectory(
                    folder,
                    permissions: FileCopy.directoryPermissions,
                    intermediates: true
                )
            }
            try copy(line, to: path, permissions: 0o640)
        }
        for folder in folders {
            try FileSystem.synchronizeDirectory(folder)
            try FileSystem.synchronizeDirectory(folder + "/..")
        }
        guard let line = list.lines.first(where: { $0.path == BackupList.journalName }) else {
            return
        }
        let temporary = dataDirectory + "/." + BackupList.journalName + ".restored"
        try copy(line, to: temporary, permissions: 0o600)
        try FileSystem.synchronizeDirectory(dataDirectory)
        try FileSystem.rename(temporary, to: journal, replacing: false)
        try FileSystem.synchronizeDirectory(dataDirectory)
    }

    private func copy(_ line: BackupList.Line, to path: String, permissions: UInt32) throws {
        let copy = try FileCopy.read(
            source + "/" + line.path,
            to: path,
            permissions: permissions
        )
        guard copy == line.content else {
            throw Failure("\(source)/\(line.path) changed while it was restored")
        }
    }
}
