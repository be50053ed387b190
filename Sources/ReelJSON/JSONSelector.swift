/// Reads a JSON text whole and keeps of it what stands at a few paths.
///
/// For who needs two or three members of a text that is otherwise only to be JSON: what a parser
/// refuses is refused with the same error, and what a look-up in its tree would find is found, and
/// nothing is made of the rest.
package struct JSONSelector: Sendable {
    /// The names to go by, each as its UTF-8, from the outermost object on.
    let paths: [[[UInt8]]]
    private let limits: JSONLimits

    /// Takes paths from 1 to 64 in number, of one name or more; none of them leads through what
    /// another selects.
    ///
    /// A name is compared byte for byte after its escapes are undone.
    package init(_ paths: [[String]], limits: JSONLimits = JSONLimits()) {
        precondition((1...64).contains(paths.count), "from 1 to 64 paths")
        precondition(paths.allSatisfy { !$0.isEmpty }, "a path has a name")
        self.paths = paths.map { $0.map { Array($0.utf8) } }
        self.limits = limits
    }

    /// What stands at each path, in the order of the paths; nil where nothing does.
    ///
    /// - Throws: `JSONError` with the place of the first fault of the text.
    package func select(from bytes: [UInt8]) throws(JSONError) -> [JSONValue?] {
        var reader = try JSONReader(bytes, dialect: .strict, limits: limits)
        var found = [JSONValue?](repeating: nil, count: paths.count)
        try reader.begin()
        let all = UInt64.max >> UInt64(64 - paths.count)
        try reader.select(along: paths, all, from: 0, depth: 0, into: &found)
        try reader.end()
        return found
    }
}
