extension JSONValue {
    /// The value as JSON text without white space.
    ///
    /// Escaped are the quote, the backslash and all control characters, also those above ASCII,
    /// since text from outside ends on terminals; the slash is not. Numbers keep their text.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter(indent: nil)
        writer.write(self, level: 0)
        return writer.text
    }

    /// The value as JSON text with a line for each element, `indent` spaces a level deeper than
    /// what holds it; without a line end after the last line.
    package func serialized(indent: Int) -> [UInt8] {
        var writer = JSONWriter(indent: indent)
        writer.write(self, level: 0)
        return writer.text
    }
}
