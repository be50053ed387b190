/// Whatever switches off a check of the compiler says what makes it true all the same, in a
/// `SAFETY:` line just above it, on it, or at the member that it is about.
enum SafetyRule {
    private static let hatches = ["@unchecked Sendable", "nonisolated(unsafe)", "@safe", "@unsafe"]
    private static let linesAbove = 4
    private static let linesBelow = 10

    static func violations(in file: SourceFile) -> [Violation] {
        let explained = Set(file.text.offsets(of: "SAFETY:", in: .comments).map(file.text.line))
        return hatches.flatMap { hatch in
            file.text.offsets(of: hatch, in: .code).map(file.text.line).compactMap { line in
                let near = (line - linesAbove)...(line + linesBelow)
                return near.contains { explained.contains($0) }
                    ? nil : file.violation(line, "\(hatch) without a SAFETY: line")
            }
        }
    }
}
