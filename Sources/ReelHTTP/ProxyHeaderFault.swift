/// Why bytes are no header of the PROXY protocol; the raw value is its name in logs and metrics.
package enum ProxyHeaderFault: String, Error, Sendable, Hashable, CaseIterable {
    /// The first bytes are of neither version.
    case noSignature = "no_signature"
    /// A line of version 1 without an end within 107 bytes.
    case lineTooLong = "line_too_long"
    /// A line of version 1 that is not protocol, two addresses and two ports.
    case malformedLine = "malformed_line"
    case unknownVersion = "unknown_version"
    case unknownCommand = "unknown_command"
    /// An address family or a transport that the protocol does not have.
    case unknownFamily = "unknown_family"
    /// The length of version 2 does not hold the addresses of its family.
    case tooShort = "too_short"
    /// The length of version 2 is above the limit.
    case tooLong = "too_long"
}
