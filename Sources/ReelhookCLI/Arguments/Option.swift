/// An option of a command, as it is parsed and as it is shown.
struct Option: Sendable {
    /// With its two hyphens, such as `--listen`.
    let name: String
    /// What its value is called, such as `HOST:PORT`; nil for a switch.
    let value: String?
    let help: String
    var isRepeatable = false

    init(_ name: String, _ value: String? = nil, _ help: String, isRepeatable: Bool = false) {
        self.name = name
        self.value = value
        self.help = help
        self.isRepeatable = isRepeatable
    }

    /// What every command takes.
    static let common = [
        Option("--data", "DIR", "the data directory (default ./reelhook-data)"),
        Option("--config", "FILE", "the configuration file"),
        Option("--help", nil, "show this help"),
    ]

    static let json = Option("--json", nil, "print one JSON object a line")
}
