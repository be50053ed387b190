/// What other rooms use says what it is: every type and function that is `package` or `public`.
struct DocumentationRule {
    /// Names whose meaning is fixed elsewhere: what the standard library's protocols require.
    private static let standard: Set<String> = [
        "hash", "encode", "contains", "makeAsyncIterator", "makeIterator", "next", "enqueue",
        "isSameExclusiveExecutionContext", "asUnownedSerialExecutor", "asUnownedTaskExecutor",
        "checkIsolated", "Element", "Failure", "AsyncIterator", "Iterator", "RawValue", "Body",
    ]

    /// Functions that a protocol of ours requires, and describes there.
    private let required: Set<String>

    init(files: [SourceFile]) {
        var required: Set<String> = []
        for file in files {
            guard !file.text.offsets(of: "protocol ", in: .code).isEmpty else { continue }
            var protocolDepth: Int?
            var depth = 0
            for code in file.text.code {
                if code.contains(#/\bprotocol \w+/#) { protocolDepth = depth }
                if protocolDepth != nil, let match = code.firstMatch(of: #/\bfunc (\w+)/#) {
                    required.insert(String(match.1))
                }
                depth += code.count { $0 == "{" } - code.count { $0 == "}" }
                if let outer = protocolDepth, depth <= outer, code.contains("}") {
                    protocolDepth = nil
                }
            }
        }
        self.required = required
    }

    func violations(in file: SourceFile) -> [Violation] {
        let lines = ["package ", "public "].flatMap { access in
            file.text.offsets(of: access, in: .code).map(file.text.line)
        }
        return Set(lines).sorted().compactMap { line in
            guard let (kind, name) = declaration(file.text.code[line]),
                !isDescribedElsewhere(kind, name), !isDocumented(file, line)
            else { return nil }
            return file.violation(line, "\(kind) \(name) has no documentation")
        }
    }

    /// The kind and the name of what a line declares for other rooms.
    private func declaration(_ code: String) -> (kind: String, name: String)? {
        var words = code.split(separator: " ")[...]
        while let word = words.first, word.hasPrefix("@") { words.removeFirst() }
        guard let access = words.popFirst(), access == "package" || access == "public" else {
            return nil
        }
        while let word = words.first, Self.modifiers.contains(String(word)) { words.removeFirst() }
        guard let kind = words.popFirst(), Self.kinds.contains(String(kind)),
            let name = words.first
        else { return nil }
        return (
            String(kind),
            String(name.prefix { $0 != "(" && $0 != ":" && $0 != "<" || $0 == name.first })
        )
    }

    private func isDescribedElsewhere(_ kind: String, _ name: String) -> Bool {
        if Self.standard.contains(name) { return true }
        guard kind == "func" else { return false }
        let isOperator = name.utf8.first.map { !isWordByte($0) && $0 != UInt8(ascii: "`") }
        return isOperator ?? true || required.contains(name)
    }

    private static let modifiers: Set<String> = [
        "static", "mutating", "consuming", "borrowing", "nonisolated", "final", "indirect",
        "nonisolated(nonsending)", "override",
    ]
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "actor", "typealias", "func",
    ]

    /// Whether a documentation comment ends just above, attributes and the lines that say why it
    /// is safe between them left out.
    private func isDocumented(_ file: SourceFile, _ line: Int) -> Bool {
        var above = line - 1
        while above >= 0, isBetween(file, above) { above -= 1 }
        return above >= 0 && file.text.comments[above].contains(#/^\s*\/\/\//#)
    }

    private func isBetween(_ file: SourceFile, _ line: Int) -> Bool {
        file.text.code[line].contains(#/^\s*@\w+(\(.*\))?\s*$/#)
            || file.text.comments[line].contains(#/^\s*\/\/[^\/]/#)
    }
}
