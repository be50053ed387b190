/// A field value with parameters, such as `form-data; name="prompt"` (RFC 9110, section 5.6.6).
struct HTTPParameterizedValue {
    /// The value before the first semicolon, in lower case.
    let value: String
    private let parameters: [(name: String, value: String)]

    /// Takes tokens and quoted strings; nil for anything else, and for a name that stands twice.
    ///
    /// In a quoted string a backslash escapes a quote or a backslash and stands for itself before
    /// anything else, since form data carries file names of systems that divide paths with it.
    init?(_ text: String) {
        var scanner = Scanner(rest: Array(text.utf8)[...])
        let value = scanner.takeValue()
        guard !value.isEmpty, !value.contains(0x22) else { return nil }
        self.value = String(decoding: value.map(lowered), as: UTF8.self)
        var parameters: [(name: String, value: String)] = []
        while !scanner.rest.isEmpty {
            guard let parameter = scanner.takeParameter(),
                !parameters.contains(where: { $0.name == parameter.name })
            else { return nil }
            parameters.append(parameter)
        }
        self.parameters = parameters
    }

    /// The value of that parameter, named in lower case.
    subscript(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    private struct Scanner {
        var rest: ArraySlice<UInt8>

        /// What stands before the first semicolon, trimmed.
        mutating func takeValue() -> [UInt8] {
            skipSpace()
            var value = Array(rest.prefix { $0 != 0x3B })
            rest = rest.dropFirst(value.count)
            while let last = value.last, isSpace(last) { value.removeLast() }
            return value
        }

        /// `; name=value`, with white space around the semicolon and after it.
        mutating func takeParameter() -> (name: String, value: String)? {
            guard rest.popFirst() == 0x3B else { return nil }
            skipSpace()
            let name = takeToken()
            guard !name.isEmpty, rest.popFirst() == 0x3D else { return nil }
            let isQuoted = rest.first == 0x22
            guard let value = isQuoted ? takeQuoted() : takeToken(), isQuoted || !value.isEmpty,
                let text = String(validating: value, as: UTF8.self)
            else { return nil }
            skipSpace()
            guard rest.isEmpty || rest.first == 0x3B else { return nil }
            return (String(decoding: name.map(lowered), as: UTF8.self), text)
        }

        private mutating func skipSpace() {
            rest = rest.drop { isSpace($0) }
        }

        private mutating func takeToken() -> [UInt8] {
            let token = Array(rest.prefix { ByteSet.token.contains($0) })
            rest = rest.dropFirst(token.count)
            return token
        }

        private mutating func takeQuoted() -> [UInt8]? {
            rest = rest.dropFirst()
            var content: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == 0x22 { return content }
                if byte == 0x5C, let next = rest.first, next == 0x22 || next == 0x5C {
                    content.append(next)
                    rest = rest.dropFirst()
                } else {
                    content.append(byte)
                }
            }
            return nil
        }
    }
}
