import Glibc

/// Swift source split into what is code and what is comment.
///
/// String literals count as neither: their bytes, and those of the other part, are spaces, so that
/// every column stays where it was. Interpolations go with their literal.
struct SwiftText {
    /// Which part of the source is meant.
    enum Part: Sendable {
        case code
        case comments
    }

    /// The lines as they are in the file.
    let lines: [String]
    /// The same lines with comments and the insides of literals blanked out.
    let code: [String]
    /// The same lines with all but comments blanked out.
    let comments: [String]
    let codeBytes: [UInt8]
    private let commentBytes: [UInt8]
    private let lineStarts: [Int]

    init(_ text: String) {
        var scanner = Scanner(Array(text.utf8))
        scanner.run()
        lines = Self.split(scanner.bytes)
        code = Self.split(scanner.code)
        comments = Self.split(scanner.comments)
        codeBytes = scanner.code
        commentBytes = scanner.comments
        lineStarts = scanner.lineStarts
    }

    /// The line, counted from 0, that a place in the bytes is on.
    func line(of offset: Int) -> Int {
        var (low, high) = (0, lineStarts.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    func bytes(_ part: Part) -> [UInt8] {
        switch part {
        case .code: codeBytes
        case .comments: commentBytes
        }
    }

    /// Where a text stands in a part.
    ///
    /// It goes through strstr(3), because the rules search every file for some fifty texts.
    func offsets(of text: String, in part: Part) -> [Int] {
        var offsets: [Int] = []
        unsafe String(decoding: bytes(part), as: UTF8.self).withCString { haystack in
            var start = unsafe haystack
            while let found = unsafe strstr(start, text) {
                unsafe offsets.append(UnsafePointer(found) - haystack)
                unsafe start = UnsafePointer(found) + 1
            }
        }
        return offsets
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var code: [UInt8]
        var comments: [UInt8]
        var lineStarts = [0]
        private var index = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            code = bytes
            comments = [UInt8](repeating: space, count: bytes.count)
        }

        mutating func run() {
            while index < bytes.count {
                switch bytes[index] {
                case slash where byte(after: 1) == slash: takeLineComment()
                case slash where byte(after: 1) == star: takeBlockComment()
                case quote: takeLiteral(poundCount: 0)
                case pound: takePounds()
                case newline: skip()
                default: index += 1
                }
            }
            for start in lineStarts.dropFirst() { comments[start - 1] = newline }
        }

        private func byte(after distance: Int) -> UInt8? {
            index + distance < bytes.count ? bytes[index + distance] : nil
        }

        /// Steps over a byte that stays what it is.
        private mutating func skip() {
            if bytes[index] == newline { lineStarts.append(index + 1) }
            index += 1
        }

        /// Steps over a byte that is not code.
        private mutating func blank() {
            if bytes[index] != newline { code[index] = space }
            skip()
        }

        private mutating func takeCommentByte() {
            comments[index] = bytes[index]
            blank()
        }

        private mutating func takeLineComment() {
            while index < bytes.count, bytes[index] != newline { takeCommentByte() }
        }

        private mutating func takeBlockComment() {
            var depth = 0
            while index < bytes.count {
                if bytes[index] == slash, byte(after: 1) == star {
                    depth += 1
                    takeCommentByte()
                } else if bytes[index] == star, byte(after: 1) == slash {
                    depth -= 1
                    takeCommentByte()
                }
                takeCommentByte()
                if depth == 0 { return }
            }
        }

        /// Number signs begin a literal when a quote or a slash follows them.
        private mutating func takePounds() {
            var count = 0
            while byte(after: count) == pound { count += 1 }
            switch byte(after: count) {
            case quote: takeLiteral(poundCount: count)
            case slash: takeLiteral(poundCount: count, delimiter: slash)
            default: index += count
            }
        }

        private func follows(_ byte: UInt8, _ byteCount: Int, _ poundCount: Int) -> Bool {
            (0..<byteCount).allSatisfy { self.byte(after: $0) == byte }
                && (0..<poundCount).allSatisfy { self.byte(after: byteCount + $0) == pound }
        }

        private mutating func takeLiteral(poundCount: Int, delimiter: UInt8 = quote) {
            index += poundCount
            let count = follows(quote, 3, 0) ? 3 : 1
            index += count
            while index < bytes.count {
                if bytes[index] == delimiter, follows(delimiter, count, poundCount) {
                    index += count + poundCount
                    return
                }
                let isEscape =
                    bytes[index] == backslash
                    && (delimiter == slash || follows(backslash, 1, poundCount))
                guard isEscape else {
                    if count == 1, bytes[index] == newline { return }
                    blank()
                    continue
                }
                for _ in 0..<(delimiter == slash ? 1 : 1 + poundCount) { blank() }
                guard index < bytes.count else { return }
                if delimiter == quote, bytes[index] == openParenthesis {
                    takeInterpolation()
                } else {
                    blank()
                }
            }
        }

        /// Blanks out up to the parenthesis that closes the one here, literals inside included.
        private mutating func takeInterpolation() {
            var depth = 0
            while index < bytes.count {
                if bytes[index] == quote {
                    takeLiteral(poundCount: 0)
                    continue
                }
                if bytes[index] == openParenthesis { depth += 1 }
                if bytes[index] == closeParenthesis { depth -= 1 }
                blank()
                if depth == 0 { return }
            }
        }
    }
}

private let space = UInt8(ascii: " ")
private let newline = UInt8(ascii: "\n")
private let slash = UInt8(ascii: "/")
private let star = UInt8(ascii: "*")
private let quote = UInt8(ascii: "\"")
private let pound = UInt8(ascii: "#")
private let backslash = UInt8(ascii: "\\")
private let openParenthesis = UInt8(ascii: "(")
private let closeParenthesis = UInt8(ascii: ")")
