internal import Glibc
internal import ReelJSON
internal import ReelRuntime
internal import Reelhook

/// What commands work with: the environment, the clocks, and where words go.
///
/// Data goes to standard output and talk to standard error.
struct Tool: Sendable {
    let environment: [String: String]
    let time: any TimeSource
    let random: any RandomSource
    let output: Output
    let talk: Output

    /// The machine's own.
    static func live() -> Tool {
        Tool(
            environment: processEnvironment(),
            time: SystemTimeSource(),
            random: SystemRandomSource(),
            output: Output(descriptor: 1),
            talk: Output(descriptor: 2)
        )
    }

    /// Whether talk may be coloured and redrawn: on a terminal, and never with `NO_COLOR`.
    var isLively: Bool { talk.isTerminal && (environment["NO_COLOR"] ?? "").isEmpty }

    /// The configuration of flags, environment and file.
    ///
    /// - Throws: `ConfigurationError`.
    func configuration(_ arguments: ParsedArguments) throws(ConfigurationError) -> Configuration {
        try Configuration.load(
            flags: flags(arguments),
            environment: environment,
            readFile: readSmallFile
        )
    }

    func flags(_ arguments: ParsedArguments) -> Configuration.Flags {
        var flags = Configuration.Flags()
        flags.configurationFile = arguments["--config"]
        flags.dataDirectory = arguments["--data"]
        flags.intake = arguments["--listen"]
        flags.console = arguments["--console"]
        flags.logLevel = arguments["--log-level"]
        flags.certificate = arguments["--tls-certificate"]
        flags.key = arguments["--tls-key"]
        return flags
    }

    /// The data directory by the same rules as the service's, without asking for the secrets that
    /// a service needs: a command that only reads the journal runs without them.
    ///
    /// - Throws: `ConfigurationError` when the file cannot be read.
    func dataDirectory(_ arguments: ParsedArguments) throws(ConfigurationError) -> String {
        try Configuration.dataDirectory(
            flags: flags(arguments),
            environment: environment,
            readFile: readSmallFile
        )
    }

    /// Whether stored files are kept in a bucket.
    func namesBucket(_ arguments: ParsedArguments) -> Bool {
        Configuration.namesBucket(
            flags: flags(arguments),
            environment: environment,
            readFile: readSmallFile
        )
    }

    /// The bucket that stored files are kept in, if they are; its owner closes it.
    ///
    /// - Throws: `ConfigurationError`; a bucket needs its secrets.
    func bucket(_ arguments: ParsedArguments) throws(ConfigurationError) -> BucketAccess? {
        guard namesBucket(arguments), let settings = try configuration(arguments).bucket else {
            return nil
        }
        return BucketAccess(settings, self)
    }

    func print(_ line: String) { output.write(line + "\n") }
    func print(_ value: JSONValue) { output.write(value.serialized() + [10]) }
    func say(_ line: String) { talk.write(line + "\n") }
}

/// One of the process's outputs.
struct Output: Sendable {
    let descriptor: Int32

    var isTerminal: Bool { isatty(descriptor) == 1 }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes everything; a reader that has gone ends the process as a pipe's end does, with
    /// status 1 and without a word.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                exit(1)
            }
        }
    }
}
