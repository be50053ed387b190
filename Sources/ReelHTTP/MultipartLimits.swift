/// How much of a form is taken in; the length of the whole is the request's own limit.
package struct MultipartLimits: Sendable, Hashable {
    package var partCountMax = 64
    /// The header lines of one part with their line ends.
    package var partFieldsByteCountMax = 4 << 10

    package init() {}
}
