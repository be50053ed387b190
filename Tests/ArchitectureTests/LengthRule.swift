/// Files, functions and lines that a reader can take in.
enum LengthRule {
    static let fileLineCountMax = 500
    static let functionLineCountMax = 70
    static let lineCharacterCountMax = 100

    static func violations(in file: SourceFile) -> [Violation] {
        var violations: [Violation] = []
        if file.text.lines.count > fileLineCountMax {
            violations.append(
                file.violation(0, "\(file.text.lines.count) lines, over \(fileLineCountMax)")
            )
        }
        for (line, text) in file.text.lines.enumerated()
        where text.utf8.count > lineCharacterCountMax && text.count > lineCharacterCountMax
            && !isTableRow(text)
        {
            violations.append(
                file.violation(line, "\(text.count) characters, over \(lineCharacterCountMax)")
            )
        }
        for function in FunctionSpan.all(in: file.text)
        where function.lines.count > functionLineCountMax {
            violations.append(
                file.violation(
                    function.lines.lowerBound,
                    "\(function.name) has \(function.lines.count) lines, over "
                        + "\(functionLineCountMax)"
                )
            )
        }
        return violations
    }

    /// A row of a table in a comment, which cannot be wrapped.
    private static func isTableRow(_ text: String) -> Bool {
        text.contains(#/^\s*\/\/\/? \|.*\|$/#)
    }
}
