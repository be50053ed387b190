/// Everything that is wrong with a configuration, at once.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One mistake and where it stands.
    public struct Fault: Hashable, Sendable, CustomStringConvertible {
        /// `reelhook.json:12:7 chains[0].steps`, or the name of an environment variable or flag.
        public let place: String
        public let message: String

        public init(place: String, message: String) {
            self.place = place
            self.message = message
        }

        public var description: String { "\(place): \(message)" }
    }

    public let faults: [Fault]

    public init(faults: [Fault]) {
        self.faults = faults
    }

    /// One line for each fault.
    public var description: String {
        faults.map(\.description).joined(separator: "\n")
    }
}
