internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite

extension Command {
    static let check = Command(
        words: ["check"],
        summary: "Compare the journal with itself and with the stored files, by their hashes.",
        discussion: "Reads every stored event and file, and the parts of files on their way; says"
            + " what is missing, altered, unknown or contradictory, where it is, and what to do. Of"
            + " files in a bucket it asks the bucket for length and hash. Changes nothing; runs"
            + " beside the service or without it. Ends with 1 when something differs.",
        options: [
            Option(
                "--full",
                nil,
                "also compare every index with its table, and look for every event by its ids"
            ),
            Option.json,
        ],
        run: { arguments, tool in
            let directory = try tool.dataDirectory(arguments)
            let journal = try JournalReader.openSQLite(directory)
            var count = 0
            let report = { (difference: Difference) in
                count += 1
                if arguments.has("--json") {
                    tool.print(difference.json)
                } else {
                    tool.print(difference.text)
                }
            }
            let bucket = try tool.bucket(arguments)
            var files = FileCheck(
                dataDirectory: directory,
                journal: journal,
                bucket: bucket?.store,
                time: tool.time
            )
            var entries = JournalCheck(journal: journal, isFull: arguments.has("--full"))
            do {
                try await entries.run(report)
                try await files.run(report)
            } catch {
                await journal.close()
                await bucket?.close()
                throw Failure("the check could not be finished: \(error)")
            }
            await journal.close()
            await bucket?.close()
            tool.say(summary(entries, files, differenceCount: count))
            return count == 0 ? .done : .failed
        }
    )

    private static func summary(
        _ entries: JournalCheck,
        _ files: FileCheck,
        differenceCount: Int
    ) -> String {
        let parts = files.parts
        var text =
            "checked the journal with the bodies of \(entries.bodyCount) events, and"
            + " \(files.fileCount) files of \(files.videoCount) videos"
            + " (\(files.byteCount >> 20) MiB)"
        if parts.comparedCount > 0 { text += ", \(parts.comparedCount) on their way" }
        text += ": "
        text += differenceCount == 0 ? "nothing differs" : "\(differenceCount) differences"
        if parts.busyCount > 0 {
            text +=
                "; files on their way that somebody is at work on were left alone, of videos:"
                + " \(parts.busyCount)"
        }
        if parts.leftCount > 0 {
            text +=
                "; parts of settled files that the service removes when they are old:"
                + " \(parts.leftCount)"
        }
        return text
    }
}
