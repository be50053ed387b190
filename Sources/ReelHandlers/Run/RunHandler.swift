package import ReelEvents
internal import ReelJSON
package import ReelJournal
package import ReelObservability
package import ReelSystem

/// Runs a program with the event as JSON on its standard input and a small environment.
///
/// Exit status 0 is done; any other is tried again by the step's policy. The program and its
/// children are ended when the time is over or the service stops.
package struct RunHandler: Handler {
    private let command: [String]
    private let directory: String?
    private let environment: [String: String]
    private let timeLimit: Duration
    private let outputByteCountMax: Int
    private let journal: Journal
    private let logger: Logger
    private let runCommand: CommandRunner

    /// What a program finds in `PATH` unless the configuration names another.
    private static let path = "/usr/local/bin:/usr/bin:/bin"

    /// Takes the program's absolute path followed by its arguments, and the variables that it
    /// gets besides the event's.
    ///
    /// - Precondition: The command names a program.
    package init(
        command: [String],
        directory: String? = nil,
        environment: [String: String] = [:],
        timeLimit: Duration = .seconds(3600),
        outputByteCountMax: Int = 64 << 10,
        journal: Journal,
        logger: Logger,
        runCommand: @escaping CommandRunner = ChildProcess.run
    ) {
        precondition(!command.isEmpty, "a command names a program")
        self.command = command
        self.directory = directory
        self.environment = environment
        self.timeLimit = timeLimit
        self.outputByteCountMax = outputByteCountMax
        self.journal = journal
        self.logger = logger.named("run")
        self.runCommand = runCommand
    }

    package func handle(_ event: Event, _ context: HandlerContext) async -> Outcome {
        let document: EventDocument
        do {
            document = try await EventDocument(event, context, journal: journal)
        } catch {
            return .postpone(
                Outcome.journalWait,
                Reason("journal_refused", "the event's files could not be read")
            )
        }
        let result = await runCommand(
            ProcessRequest(
                executable: command[0],
                arguments: Array(command.dropFirst()),
                environment: variables(event, context, document.files),
                directory: directory,
                standardInput: document.json.serialized() + [UInt8(ascii: "\n")],
                timeLimit: timeLimit,
                outputByteCountMax: outputByteCountMax
            )
        )
        let outcome = outcome(of: result)
        if let reason = outcome.reason {
            logger.warning(
                "a command did not succeed",
                [
                    "event.sequence": .integer(event.sequence),
                    "step": .string(context.step),
                    "reason": .string(reason.logText),
                ]
            )
        }
        return outcome
    }

    private func variables(
        _ event: Event,
        _ context: HandlerContext,
        _ files: [StoredFile]
    ) -> [String: String] {
        var variables = ["PATH": Self.path]
        variables.merge(environment) { _, mine in mine }
        variables["REELHOOK_EVENT_TYPE"] = event.type.name
        variables["REELHOOK_SEQUENCE"] = String(event.sequence)
        variables["REELHOOK_PROVIDER"] = event.provider
        variables["REELHOOK_ATTEMPT"] = String(context.attempt)
        variables["REELHOOK_ID"] = context.id
        if let videoID = event.videoID { variables["REELHOOK_VIDEO_ID"] = videoID.rawValue }
        for file in files {
            variables["REELHOOK_\(file.variant.uppercased())_PATH"] = file.location
        }
        // A NUL would end a variable early, and an environment cannot hold one.
        return variables.filter { !$0.key.contains("\0") && !$0.value.contains("\0") }
    }

    private func outcome(of result: ProcessResult) -> Outcome {
        switch result.ending {
        case .exited(status: 0): return .done(note: Self.tail(result.standardOutput))
        case .exited(let status):
            return .retry(Reason("command_failed", detail("exit status \(status)", result)))
        case .signalled(let number):
            return .retry(Reason("command_failed", detail("signal \(number)", result)))
        case .timedOut: return .retry(Reason("command_timed_out", detail("ended", result)))
        case .cancelled: return .retry(Reason("cancelled"))
        case .notStarted(let error):
            return .retry(Reason("command_not_started", error.description))
        }
    }

    private func detail(_ ending: String, _ result: ProcessResult) -> String {
        guard let words = Self.tail(result.standardError) else { return ending }
        return ending + ": " + words
    }

    /// The last words of an output, on one line, for a reader; nil when there are none.
    private static func tail(_ output: [UInt8]) -> String? {
        let text = String(decoding: output.suffix(400), as: UTF8.self)
        let words = text.split { $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 32 } }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }
}
