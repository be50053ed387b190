internal import ReelConsole
internal import ReelHTTP
internal import ReelJSON
internal import ReelJournal
internal import ReelRuntime
internal import ReelSystem
internal import Reelhook

extension Command {
    /// Jobs and files.
    static let videos = [
        videosList, videosGet, videosCreate, videosTrack, videosWait, videosDownload, videosRemix,
        videosDelete,
    ]

    private static let provider = Option("--provider", "NAME", "the provider (default: the first)")

    private static let videosList = Command(
        words: ["videos", "list"],
        summary: "List the videos that Reelhook knows of, newest first.",
        options: [
            Option("--state", "STATE", "only jobs in that state", isRepeatable: true),
            Option("--limit", "N", "at most that many (default 50, at most 10000)"), Option.json,
        ],
        run: { arguments, tool in
            var query = JobQuery()
            query.limit = try arguments.integer("--limit", in: 1...10_000) ?? 50
            if arguments.has("--state") {
                query.states = try arguments.all("--state").map { text throws(UsageError) in
                    guard let state = JobState(rawValue: text) else {
                        throw UsageError(
                            "--state takes one of "
                                + JobState.allCases.map(\.rawValue).joined(separator: ", ")
                        )
                    }
                    return state
                }
            }
            let wanted = query
            try await JournalReader.with(try tool.dataDirectory(arguments)) { journal in
                for job in try await journal.driver.jobs(wanted) {
                    let assets = try await journal.driver.assets(
                        provider: job.provider,
                        videoID: job.id
                    )
                    show(EntryListing.json(job, assets: assets), arguments, tool)
                }
            }
            return .done
        }
    )

    private static let videosGet = Command(
        words: ["videos", "get"],
        summary: "Show a video: the provider's object, and the files that are kept.",
        operands: "ID",
        operandCount: 1...1,
        options: [provider, Option.json],
        run: { arguments, tool in
            let id = try videoID(arguments)
            let object = try await Control.with(arguments, tool) { control in
                try await control.json(.get, path(id, arguments))
            }
            var shown = object.object ?? JSONObject()
            if let kept = try await kept(id, arguments, tool) { shown["reelhook"] = kept }
            if arguments.has("--json") {
                tool.print(.object(shown))
            } else {
                tool.output.write(JSONValue.object(shown).serialized(indent: 2) + [10])
            }
            return .done
        }
    )

    private static let videosCreate = Command(
        words: ["videos", "create"],
        summary: "Create a video; prints its id.",
        options: [
            Option("--prompt", "TEXT", "what to make"),
            Option("--model", "MODEL", "the provider's model"),
            Option("--size", "WxH", "the pixel size, such as 1280x720"),
            Option("--seconds", "N", "the length"), provider,
            Option("--wait", "SPAN", "wait until it is stored, at most that long"), Option.json,
        ],
        run: { arguments, tool in
            guard let prompt = arguments["--prompt"] else {
                throw UsageError("--prompt is missing", command: "videos create")
            }
            var form = [MultipartPart(name: "prompt", text: prompt)]
            for (name, option) in [
                ("model", "--model"), ("size", "--size"), ("seconds", "--seconds"),
            ] {
                if let value = arguments[option] {
                    form.append(MultipartPart(name: name, text: value))
                }
            }
            return try await created("/v1/videos", form, arguments, tool)
        }
    )

    private static let videosRemix = Command(
        words: ["videos", "remix"],
        summary: "Make a new video from a finished one; prints its id.",
        operands: "ID",
        operandCount: 1...1,
        options: [
            Option("--prompt", "TEXT", "what to change"), provider,
            Option("--wait", "SPAN", "wait until it is stored, at most that long"), Option.json,
        ],
        run: { arguments, tool in
            guard let prompt = arguments["--prompt"] else {
                throw UsageError("--prompt is missing", command: "videos remix")
            }
            let id = try videoID(arguments)
            let form = [MultipartPart(name: "prompt", text: prompt)]
            return try await created(
                "/v1/videos/\(percentEncoded(id.rawValue))/remix",
                form,
                arguments,
                tool
            )
        }
    )

    private static let videosTrack = Command(
        words: ["videos", "track"],
        summary: "Tell Reelhook of videos that were created elsewhere.",
        discussion: "They are polled until they end, and then fetched and stored like any other.",
        operands: "ID…",
        operandCount: 1...1000,
        options: [provider, Option.json],
        run: { arguments, tool in
            let ids = try arguments.operands.map { text throws(UsageError) in
                guard let id = VideoID(text) else { throw UsageError("\(text) is not a video id") }
                return id
            }
            try await Control.with(arguments, tool) { control in
                for id in ids {
                    var body: JSONObject = ["id": .string(id.rawValue)]
                    if let name = arguments["--provider"] { body["provider"] = .string(name) }
                    let job = try await control.json(.post, "/control/videos/track", .object(body))
                    show(job, arguments, tool)
                }
            }
            return .done
        }
    )

    private static let videosWait = Command(
        words: ["videos", "wait"],
        summary: "Wait until a video is stored.",
        discussion:
            "Ends with 0 when it is stored, and with 1 when it failed, was lost, or the time"
            + " is over.",
        operands: "ID",
        operandCount: 1...1,
        options: [Option("--timeout", "SPAN", "how long to wait (default 1h)"), Option.json],
        run: { arguments, tool in
            let patience = try arguments.span("--timeout") ?? .seconds(3600)
            return try await wait(try videoID(arguments), patience, arguments, tool)
        }
    )

    private static let videosDownload = Command(
        words: ["videos", "download"],
        summary: "Write a video's file, from the store or else from the provider.",
        operands: "ID",
        operandCount: 1...1,
        options: [
            Option("--variant", "NAME", "video (default), thumbnail or spritesheet"),
            Option(
                "--output",
                "FILE",
                "where to (default: ID and a suffix; - for standard output)"
            ),
            provider,
        ],
        run: { arguments, tool in
            let id = try videoID(arguments)
            let variant = arguments["--variant"] ?? "video"
            guard let suffix = ["video": "mp4", "thumbnail": "webp", "spritesheet": "jpg"][variant]
            else { throw UsageError("--variant takes video, thumbnail or spritesheet") }
            let output = arguments["--output"] ?? "\(id.rawValue).\(suffix)"
            let target =
                "/v1/videos/\(percentEncoded(id.rawValue))/content?variant=\(variant)"
                + (arguments["--provider"].map { "&provider=" + percentEncoded($0) } ?? "")
            try await Control.with(arguments, tool) { control in
                guard output != "-" else {
                    return try await control.download(target) { tool.output.write(Array($0)) }
                }
                try await download(target, to: output, control)
                tool.print(output)
            }
            return .done
        }
    )

    private static let videosDelete = Command(
        words: ["videos", "delete"],
        summary: "Delete a video at the provider, or the files of it that are kept, or both.",
        discussion: """
            Without an option what is stored here, or in the store, stays. Files that are deleted \
            are remembered as such; a replay of the video's event fetches them again. What the \
            provider does not delete is tried again by the service: videos list --json says until \
            when.
            """,
        operands: "ID",
        operandCount: 1...1,
        options: [
            Option("--files", nil, "also delete the files that are kept"),
            Option("--only-files", nil, "delete only those, and not the video at the provider"),
            provider, Option.json,
        ],
        run: { arguments, tool in
            let id = try videoID(arguments)
            let answer = try await Control.with(arguments, tool) { control in
                var answer = JSONValue.object(["id": .string(id.rawValue)])
                if !arguments.has("--only-files") {
                    let target = path(id, arguments)
                    let retry = (target.contains("?") ? "&" : "?") + "retry=true"
                    answer = try await control.json(.delete, target + retry)
                }
                guard arguments.has("--files") || arguments.has("--only-files") else {
                    return answer
                }
                let target = path(id, arguments, "/files/delete", below: "/control/videos/")
                let released = try await control.json(.post, target)
                try await control.deleteFiles()
                var shown = answer.object ?? JSONObject()
                shown["files"] = released["files"] ?? .integer(0)
                return .object(shown)
            }
            if arguments.has("--json") {
                tool.print(answer)
            } else {
                tool.print(told(answer, id, arguments))
            }
            return .done
        }
    )
}

// MARK: - Shared

extension Command {
    /// What became of a deletion, in a line.
    private static func told(
        _ answer: JSONValue,
        _ id: VideoID,
        _ arguments: ParsedArguments
    ) -> String {
        guard let removal = answer["provider_delete"], removal.object != nil else {
            let isHere = arguments.has("--only-files")
            return "deleted " + (isHere ? "the files of " : "") + id.rawValue
        }
        let reason = removal["reason"]?.string ?? "refused"
        let next = removal["next_at"]?.string.map { "it is tried again at " + $0 } ?? "given up"
        return "the provider has not deleted \(id.rawValue) (\(reason)): \(next)"
    }

    private static func videoID(_ arguments: ParsedArguments) throws(UsageError) -> VideoID {
        guard let id = VideoID(arguments.operands[0]) else {
            throw UsageError("\(arguments.operands[0]) is not a video id")
        }
        return id
    }

    private static func path(
        _ id: VideoID,
        _ arguments: ParsedArguments,
        _ rest: String = "",
        below place: String = "/v1/videos/"
    ) -> String {
        place + percentEncoded(id.rawValue) + rest
            + (arguments["--provider"].map { "?provider=" + percentEncoded($0) } ?? "")
    }

    private static func created(
        _ target: String,
        _ form: [MultipartPart],
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) async throws -> ExitCode {
        let patience = try arguments.span("--wait")
        let query = arguments["--provider"].map { "?provider=" + percentEncoded($0) } ?? ""
        let boundary = "reelhook-" + tool.random.hexadecimal(byteCount: 16)
        let contentType = MultipartForm.contentType(boundary: boundary)
        let body = MultipartForm.encode(form, boundary: boundary)
        let object = try await Control.with(arguments, tool) { control in
            let (status, bytes) = try await control.exchange(
                .post,
                target + query,
                contentType: contentType,
                body: body
            )
            let answer = try? JSONParser.parse(bytes)
            guard status.isSuccess, let answer else {
                let message = answer?["error"]?["message"]?.string
                throw Failure(message ?? "the service answered \(status.code)")
            }
            return answer
        }
        if arguments.has("--json") {
            tool.print(object)
        } else {
            tool.print(object["id"]?.string ?? "")
        }
        guard let patience, let id = object["id"]?.string.flatMap(VideoID.init) else {
            return .done
        }
        return try await wait(id, patience, arguments, tool)
    }

    /// Follows a video in the journal until its file is stored or it is clear that none will be.
    private static func wait(
        _ id: VideoID,
        _ patience: Duration,
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) async throws -> ExitCode {
        try await JournalReader.with(try tool.dataDirectory(arguments)) { journal in
            let progress = ProgressLine(tool)
            let start = tool.time.uptime()
            while true {
                guard let watched = try await WatchedVideo.read(id, journal) else {
                    throw Failure("Reelhook does not know \(id.rawValue); videos track tells it")
                }
                progress.show(watched)
                if let verdict = watched.verdict {
                    progress.end()
                    show(watched.json, arguments, tool)
                    return verdict
                }
                guard tool.time.uptime() - start < patience else {
                    progress.end()
                    throw Failure("\(id.rawValue) was not stored in time")
                }
                try await tool.time.sleep(for: .milliseconds(200))
            }
        }
    }

    private static func kept(
        _ id: VideoID,
        _ arguments: ParsedArguments,
        _ tool: Tool
    ) async throws -> JSONValue? {
        try await JournalReader.with(try tool.dataDirectory(arguments)) { journal in
            try await WatchedVideo.read(id, journal)?.json
        }
    }

    private static func download(
        _ target: String,
        to path: String,
        _ control: Control
    ) async throws {
        let partial = path + ".part"
        do {
            let file = try File.open(partial, .truncate, permissions: 0o644)
            try await control.download(target) { bytes in try file.write(Array(bytes)) }
            try file.synchronize()
            try FileSystem.rename(partial, to: path, replacing: true)
        } catch {
            // A part is never taken for the whole.
            try? FileSystem.remove(partial)
            if let error = error as? SystemError {
                throw Failure("\(path) cannot be written: \(error.description)")
            }
            throw error
        }
    }

    private static func show(_ json: JSONValue, _ arguments: ParsedArguments, _ tool: Tool) {
        guard !arguments.has("--json") else { return tool.print(json) }
        var line = "\(json["id"]?.string ?? "")  \(json["state"]?.string ?? "")"
        if let progress = json["progress"]?.integer { line += "  \(progress)%" }
        let files = (json["files"]?.array ?? []).compactMap { file -> String? in
            guard let name = file["variant"]?.string, let state = file["state"]?.string else {
                return nil
            }
            return state == "stored" ? (file["location"]?.string ?? name) : "\(name) \(state)"
        }
        if !files.isEmpty { line += "  " + files.joined(separator: ", ") }
        if let reason = json["reason"]?.string { line += "  (\(reason))" }
        tool.print(line)
    }
}
