/// Where a function, initialiser, deinitialiser or subscript stands, its signature included.
struct FunctionSpan {
    let name: String
    /// Counted from 0.
    let lines: ClosedRange<Int>

    /// A word or a punctuation mark of code.
    private struct Token {
        let text: String
        let line: Int
    }

    static func all(in text: SwiftText) -> [FunctionSpan] {
        let tokens = tokens(of: text)
        var spans: [FunctionSpan] = []
        for index in tokens.indices where beginsFunction(tokens, at: index) {
            guard let open = bodyStart(tokens, after: index),
                let close = closingBrace(tokens, of: open)
            else { continue }
            let isNamed = tokens[index].text == "func" && index + 1 < tokens.count
            spans.append(
                FunctionSpan(
                    name: isNamed ? tokens[index + 1].text : tokens[index].text,
                    lines: tokens[index].line...tokens[close].line
                )
            )
        }
        return spans
    }

    private static func tokens(of text: SwiftText) -> [Token] {
        let bytes = text.codeBytes
        var tokens: [Token] = []
        var (index, line) = (0, 0)
        while index < bytes.count {
            let start = index
            index += 1
            if isWordByte(bytes[start]) {
                while index < bytes.count, isWordByte(bytes[index]) { index += 1 }
            } else if bytes[start] <= 0x20 {
                if bytes[start] == UInt8(ascii: "\n") { line += 1 }
                continue
            }
            tokens.append(
                Token(text: String(decoding: bytes[start..<index], as: UTF8.self), line: line)
            )
        }
        return tokens
    }

    private static func beginsFunction(_ tokens: [Token], at index: Int) -> Bool {
        let isCall = index > 0 && [".", "`"].contains(tokens[index - 1].text)
        guard !isCall, index + 1 < tokens.count else { return false }
        let next = tokens[index + 1].text
        switch tokens[index].text {
        case "func": return true
        case "init": return ["(", "?", "<"].contains(next)
        case "deinit": return next == "{"
        case "subscript": return ["(", "<"].contains(next)
        default: return false
        }
    }

    /// The brace that opens the body; nil for a requirement of a protocol, which has none.
    private static func bodyStart(_ tokens: [Token], after start: Int) -> Int? {
        let declarations: Set<String> = [
            "}", "@", "func", "init", "deinit", "subscript", "var", "let", "case", "struct", "enum",
            "class", "actor", "protocol", "extension", "typealias", "associatedtype", "static",
            "mutating", "package", "public", "internal", "private", "fileprivate", "import",
        ]
        var depth = 0
        for index in (start + 1)..<tokens.count {
            let token = tokens[index].text
            switch token {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case _ where depth == 0 && index > start + 1 && declarations.contains(token): return nil
            default: break
            }
        }
        return nil
    }

    private static func closingBrace(_ tokens: [Token], of open: Int) -> Int? {
        var depth = 0
        for index in open..<tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
