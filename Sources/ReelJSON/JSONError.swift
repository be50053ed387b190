/// Why a text is no JSON, and where.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    package let fault: JSONFault
    package let place: JSONPlace

    package init(fault: JSONFault, place: JSONPlace) {
        self.fault = fault
        self.place = place
    }

    /// The fault in words with its place; holds nothing of the text.
    package var description: String { "\(phrase) at \(place)" }

    private var phrase: String {
        switch fault {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedByte: "unexpected character"
        case .trailingContent: "something follows the value"
        case .malformedNumber: "malformed number"
        case .numberNotFinite: "a number must be finite"
        case .numberTooLarge: "the number does not fit 64 bits"
        case .malformedEscape: "malformed escape in a string"
        case .loneSurrogate: "half of a surrogate pair in a string"
        case .controlCharacter: "control character in a string"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .byteOrderMark: "byte order mark"
        case .unterminatedComment: "comment without an end"
        case .tooDeep: "too many arrays and objects inside each other"
        case .tooLarge: "the text is too long"
        }
    }
}
