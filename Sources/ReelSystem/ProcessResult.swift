/// Runs a command to its end: `ChildProcess.run`, or what a simulation has in its place.
package typealias CommandRunner = @Sendable (ProcessRequest) async -> ProcessResult

/// How a command ended and what it wrote.
package struct ProcessResult: Sendable {
    /// How a command ended.
    package enum Ending: Hashable, Sendable {
        case exited(status: Int32)
        /// A signal that we did not send ended it.
        case signalled(Int32)
        /// It was ended because its time was over.
        case timedOut
        /// It was ended because the task was cancelled.
        case cancelled
        /// It never ran.
        case notStarted(SystemError)
    }

    package let ending: Ending
    /// The first bytes of standard output, as many as the request allows.
    package let standardOutput: [UInt8]
    /// The first bytes of standard error, as many as the request allows.
    package let standardError: [UInt8]
    /// Whether something was dropped from either.
    package let isOutputCut: Bool

    package init(
        ending: Ending,
        standardOutput: [UInt8],
        standardError: [UInt8],
        isOutputCut: Bool
    ) {
        self.ending = ending
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.isOutputCut = isOutputCut
    }
}
