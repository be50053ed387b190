internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelSystem
internal import Reelhook

extension Command {
    static let backup = Command(
        words: ["backup"],
        summary: "Copy the journal and its files to an empty directory, while the service runs.",
        discussion: "The journal is copied as it is at one moment, then the files that it speaks"
            + " of; the list of their hashes, backup.jsonl, is written last. Files in a bucket stay"
            + " there. Ends with 1 when a file is missing or altered; the backup then holds the"
            + " rest.",
        operands: "TO",
        operandCount: 1...1,
        options: [
            Option("--link", nil, "link stored files instead of copying them: no space, no safety"),
            Option.json,
        ],
        run: { arguments, tool in
            let target = arguments.operands[0]
            let directory = try tool.dataDirectory(arguments)
            // It says why a journal cannot be read.
            await (try JournalReader.openSQLite(directory)).close()
            var backup = Backup(
                dataDirectory: directory,
                target: target,
                isLinking: arguments.has("--link"),
                leavesStoredFiles: tool.namesBucket(arguments),
                tool: tool
            )
            let made: (fileCount: Int, byteCount: Int64, lastSequence: Int64)
            do {
                made = try await backup.run()
            } catch let error as Failure {
                throw error
            } catch {
                throw Failure("the backup could not be made: \(error)")
            }
            for difference in backup.differences { tool.say(difference.text) }
            if arguments.has("--json") {
                tool.print(
                    .object([
                        "path": .string(target), "files": .integer(Int64(made.fileCount)),
                        "bytes": .integer(made.byteCount),
                        "last_sequence": .integer(made.lastSequence),
                        "differences": .integer(Int64(backup.differences.count)),
                    ])
                )
            } else {
                tool.print(
                    "backed up \(made.fileCount) files (\(made.byteCount >> 20) MiB) to \(target),"
                        + " with events up to \(made.lastSequence)"
                )
            }
            return backup.differences.isEmpty ? .done : .failed
        }
    )

    static let restore = Command(
        words: ["restore"],
        summary: "Verify a backup and put it into an empty data directory.",
        discussion: "Every file is compared with its hash before anything is written, and the"
            + " journal is put in place last. Name the directory with --data.",
        operands: "FROM",
        operandCount: 1...1,
        options: [Option.json],
        run: { arguments, tool in
            let source = arguments.operands[0]
            let directory = try tool.dataDirectory(arguments)
            let list: BackupList
            do {
                list = try Restore(source: source, dataDirectory: directory, tool: tool).run()
            } catch let error as Failure {
                throw error
            } catch {
                throw Failure("the backup could not be restored: \(error)")
            }
            if arguments.has("--json") {
                tool.print(
                    .object([
                        "path": .string(directory),
                        "files": .integer(Int64(list.lines.count)),
                        "bytes": .integer(list.byteCount),
                        "last_sequence": .integer(list.lastSequence),
                        "made_at": .string(list.madeAt),
                    ])
                )
            } else {
                tool.print(
                    "restored \(list.lines.count) files (\(list.byteCount >> 20) MiB) to"
                        + " \(directory), as of \(list.madeAt)"
                )
            }
            return .done
        }
    )
}
