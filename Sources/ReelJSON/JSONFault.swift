/// What is wrong with a text that is no JSON; the raw value is its name in logs and metrics.
package enum JSONFault: String, Sendable, Hashable, CaseIterable {
    case unexpectedEnd = "unexpected_end"
    case unexpectedByte = "unexpected_byte"
    /// Something besides white space after the value.
    case trailingContent = "trailing_content"
    case malformedNumber = "malformed_number"
    /// `Infinity` or `NaN`, which JSON does not have.
    case numberNotFinite = "number_not_finite"
    /// A hexadecimal number beyond 64 bits.
    case numberTooLarge = "number_too_large"
    case malformedEscape = "malformed_escape"
    /// Half of a surrogate pair: no character, so a string cannot hold it.
    case loneSurrogate = "lone_surrogate"
    /// A control character in a string that stands there itself instead of its escape.
    case controlCharacter = "control_character"
    case invalidUTF8 = "invalid_utf8"
    case byteOrderMark = "byte_order_mark"
    case unterminatedComment = "unterminated_comment"
    case tooDeep = "too_deep"
    case tooLarge = "too_large"
}
