/// Reads JSON text.
///
/// A string becomes a Swift string or the text is refused: neither bytes that are not UTF-8 nor
/// half of a surrogate pair (`"\ud800"`) is repaired or replaced. A name that stands twice in an
/// object is kept twice; `JSONObject` says what a look-up finds.
package enum JSONParser {
    /// Reads the one value that the text is.
    ///
    /// - Throws: `JSONError` with the place of the first fault.
    package static func parse(
        _ bytes: [UInt8],
        dialect: JSONDialect = .strict,
        limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONValue {
        var reader = try JSONReader(bytes, dialect: dialect, limits: limits)
        return try reader.document()
    }

    /// Reads the one value that the text is, and where each part of it stands.
    ///
    /// - Throws: `JSONError` with the place of the first fault.
    package static func parseLocated(
        _ bytes: [UInt8],
        dialect: JSONDialect = .strict,
        limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> LocatedJSON {
        var reader = try JSONReader(bytes, dialect: dialect, limits: limits)
        return try reader.document()
    }
}
