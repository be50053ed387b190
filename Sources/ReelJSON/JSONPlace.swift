/// Where something stands in a text, as editors count.
package struct JSONPlace: Sendable, Hashable, CustomStringConvertible {
    /// From 1; a line ends with LF, CR or both.
    package let line: Int
    /// From 1, in Unicode scalars.
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package var description: String { "line \(line), column \(column)" }
}
