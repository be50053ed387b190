/// A command to run, with everything that it gets and everything that it may take.
package struct ProcessRequest: Sendable {
    /// The path of the program; no search path is consulted.
    package var executable: String
    /// What follows the program's name.
    package var arguments: [String]
    /// The whole environment: nothing of ours is inherited.
    package var environment: [String: String]
    /// The working directory; nil for ours.
    package var directory: String?
    package var standardInput: [UInt8]
    /// After this the process group is told to end (SIGTERM).
    package var timeLimit: Duration
    /// After this much more it is ended (SIGKILL).
    package var grace: Duration
    /// How much is kept of each of standard output and standard error; the rest is read and
    /// dropped, so that the command is not held up.
    package var outputByteCountMax: Int

    package init(
        executable: String,
        arguments: [String] = [],
        environment: [String: String] = [:],
        directory: String? = nil,
        standardInput: [UInt8] = [],
        timeLimit: Duration,
        grace: Duration = .seconds(2),
        outputByteCountMax: Int = 65_536
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.standardInput = standardInput
        self.timeLimit = timeLimit
        self.grace = grace
        self.outputByteCountMax = outputByteCountMax
    }
}
