/// What is to be made, and of what.
package enum VideoWork: Sendable, Hashable {
    /// A video of its own.
    case create
    /// A new take of the video with that id.
    case remix(of: String)
    /// A change of a video that the body names or brings along.
    case edit
    /// A longer one of a video that the body names or brings along.
    case extend

    /// The words that tell one work from another.
    var words: [String] {
        switch self {
        case .create: ["create"]
        case .remix(let id): ["remix", id]
        case .edit: ["edit"]
        case .extend: ["extend"]
        }
    }
}
