/// How much of a request is taken in; there is no unlimited.
package struct HTTPRequestLimits: Sendable, Hashable {
    /// Above it 414.
    package var targetByteCountMax = 8 << 10
    /// All header lines with their line ends and the empty line after them; above it 431.
    package var fieldSectionByteCountMax = 16 << 10
    /// Above it 431.
    package var fieldCountMax = 100
    /// The content without its chunk framing; above it 413.
    package var bodyByteCountMax = 1 << 20
    /// A chunk's size with its extensions; above it 400.
    package var chunkLineByteCountMax = 256
    /// The extensions of all chunks of a request together; above it 400 (CVE-2023-39326).
    package var chunkExtensionByteCountMax = 4 << 10
    /// All trailer lines with their line ends and the empty line after them; above it 431.
    package var trailerSectionByteCountMax = 4 << 10

    package init() {}
}
