internal import ReelJSON
internal import ReelSystem

/// What a backup holds: one JSON object a line, the first about the journal, the last the count.
///
/// It is written last, so that a backup that was cut off is none.
struct BackupList: Sendable {
    struct Line: Hashable, Sendable {
        /// Below the data directory, and below the backup's.
        let path: String
        let content: FileCopy
    }

    static let fileName = "backup.jsonl"
    static let journalName = "reelhook.db"
    /// Twenty million files and more.
    private static let byteCountMax: Int64 = 4 << 30

    let madeAt: String
    let schema: Int
    let lastSequence: Int64
    let lines: [Line]

    var byteCount: Int64 { lines.reduce(0) { $0 + $1.content.byteCount } }

    /// Writes a list as it grows; `finish` gives it its name.
    struct Writer {
        private let directory: String
        private let file: File
        private var pending: [UInt8] = []
        private(set) var fileCount = 0
        private(set) var byteCount: Int64 = 0

        init(_ directory: String, madeAt: String, schema: Int, lastSequence: Int64)
            throws(SystemError)
        {
            self.directory = directory
            file = try File.open(directory + "/." + fileName, .createNew)
            var head = JSONObject()
            head.append("backup", .integer(1))
            head.append("made_at", .string(madeAt))
            head.append("schema", .integer(Int64(schema)))
            head.append("last_sequence", .integer(lastSequence))
            pending = JSONValue.object(head).serialized() + [10]
        }

        mutating func add(_ line: Line) throws(SystemError) {
            var object = JSONObject()
            object.append("path", .string(line.path))
            object.append("bytes", .integer(line.content.byteCount))
            object.append("sha256", .string(line.content.sha256))
            pending += JSONValue.object(object).serialized() + [10]
            fileCount += 1
            byteCount += line.content.byteCount
            if pending.count > 1 << 16 { try flush() }
        }

        mutating func finish() throws(SystemError) {
            var tail = JSONObject()
            tail.append("files", .integer(Int64(fileCount)))
            tail.append("bytes", .integer(byteCount))
            pending += JSONValue.object(tail).serialized() + [10]
            try flush()
            try file.synchronize()
            try FileSystem.rename(
                directory + "/." + fileName,
                to: directory + "/" + fileName,
                replacing: false
            )
            try FileSystem.synchronizeDirectory(directory)
        }

        private mutating func flush() throws(SystemError) {
            try file.write(pending)
            pending = []
        }
    }

    /// Reads the list of a backup.
    ///
    /// - Throws: `Failure` when it is not whole, or names a path that no backup has.
    static func read(_ directory: String) throws(Failure) -> BackupList {
        let bytes: [UInt8]
        do throws(SystemError) {
            let path = directory + "/" + fileName
            let byteCount = try FileSystem.status(path)?.byteCount ?? 0
            bytes = try FileSystem.read(path, byteCountMax: Int(min(byteCount, byteCountMax)))
        } catch {
            throw Failure(
                "\(directory) holds no whole backup: \(fileName), which is written last, cannot be"
                    + " read (\(error.description))"
            )
        }
        let broken = Failure("\(directory)/\(fileName) is not what backup wrote")
        var objects: [JSONValue] = []
        for line in bytes.split(separator: 10) {
            guard let object = try? JSONParser.parse(Array(line)) else { throw broken }
            objects.append(object)
        }
        guard let head = objects.first, head["backup"]?.integer == 1, objects.count >= 3,
            let madeAt = head["made_at"]?.string, let schema = head["schema"]?.integer,
            let lastSequence = head["last_sequence"]?.integer,
            let tail = objects.last, tail["files"]?.integer == Int64(objects.count - 2)
        else { throw broken }
        var lines: [Line] = []
        for object in objects[1..<(objects.count - 1)] {
            guard let path = object["path"]?.string, isPath(path),
                let byteCount = object["bytes"]?.integer, let sha256 = object["sha256"]?.string
            else { throw broken }
            lines.append(
                Line(path: path, content: FileCopy(byteCount: byteCount, sha256: sha256))
            )
        }
        let list = BackupList(
            madeAt: madeAt,
            schema: Int(schema),
            lastSequence: lastSequence,
            lines: lines
        )
        guard lines.contains(where: { $0.path == journalName }),
            Set(lines.map(\.path)).count == lines.count,
            tail["bytes"]?.integer == list.byteCount
        else { throw broken }
        return list
    }

    /// The journal, `videos/<id>/<name>` or `.incoming/<name>`: nothing that walks elsewhere.
    static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { return false }
        switch parts.count {
        case 1: return path == journalName
        case 2: return parts[0] == ".incoming"
        case 3: return parts[0] == "videos"
        default: return false
        }
    }
}
