internal import ReelJSON
internal import ReelJournal
internal import ReelJournalSQLite
internal import ReelSystem
internal import Reelhook

extension Command {
    static let check = Command(
        words: ["check"],
        summary: "Compare the journal with itself and with the stored files, by their hashes.",
        discussion: "Reads every stored file and says what is missing, altered, unknown or"
            + " contradictory. Of files in a bucket it asks the bucket for length and hash."
            + " Changes nothing; runs beside the service or without it. Ends with 1 when something"
            + " differs.",
        options: [
            Option("--full", nil, "also compare every index of the journal with its table"),
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
                bucket: bucket?.store
            )
            do {
                let isFull = arguments.has("--full")
                let faults =
                    isFull ? try await journal.integrityFaults() : try await journal.quickFaults()
                for fault in faults {
                    report(Difference(kind: .damaged, place: "reelhook.db", message: fault))
                }
                for wrong in try await journal.contradictions() {
                    report(
                        Difference(
                            kind: .contradiction,
                            place: wrong.place,
                            message: wrong.message
                        )
                    )
                }
                try await files.run(report)
            } catch {
                await journal.close()
                await bucket?.close()
                throw Failure("the check could not be finished: \(error)")
            }
            await journal.close()
            await bucket?.close()
            tool.say(
                "checked the journal and \(files.fileCount) files of \(files.videoCount) videos"
                    + " (\(files.byteCount >> 20) MiB): "
                    + (count == 0 ? "nothing differs" : "\(count) differences")
            )
            return count == 0 ? .done : .failed
        }
    )
}
