/// Why a handler's context could not do what it was asked.
public enum HandlerContextError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another owner works on the step by now; nothing that this attempt does counts.
    case claimLost
    /// A checkpoint may have that many bytes at most.
    case checkpointTooLarge(limit: Int)
    /// The journal could not be read or written, by a fixed word such as `full` or `io`.
    case journal(code: String)

    /// A sentence that is safe to log.
    public var description: String {
        switch self {
        case .claimLost: "the claim on this step was lost to another owner"
        case .checkpointTooLarge(let limit): "the checkpoint is larger than \(limit) bytes"
        case .journal(let code): "the journal could not be used: \(code)"
        }
    }
}
