/// Which text counts as JSON.
package enum JSONDialect: Sendable, Hashable {
    /// RFC 8259 to the letter, without a byte order mark.
    case strict
    /// What people write into configuration files: comments, commas after the last element,
    /// single quotes, unquoted ASCII names, hexadecimal, `+1`, `.5` and `5.`.
    ///
    /// It is JSON5 without three things that hide mistakes: the numbers that are not finite,
    /// escapes of letters that need none (`\p`), and names beyond ASCII without quotes.
    case json5
}
