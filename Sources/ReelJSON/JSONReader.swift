/// Reads one text from its first byte to its last, a byte at a time.
///
/// It works on bytes, not characters: all that JSON's grammar names is ASCII, and each delivery of
/// a webhook passes through here.
struct JSONReader {
    let bytes: [UInt8]
    let isLoose: Bool
    var position = 0
    private let depthMax: Int
    private var places = JSONPlaceCounter()

    init(_ bytes: [UInt8], dialect: JSONDialect, limits: JSONLimits) throws(JSONError) {
        self.bytes = bytes
        switch dialect {
        case .strict: isLoose = false
        case .json5: isLoose = true
        }
        depthMax = limits.depthMax
        guard bytes.count <= limits.byteCountMax else {
            throw JSONError(fault: .tooLarge, place: JSONPlace(line: 1, column: 1))
        }
    }

    /// The byte at the position; NUL, which stands nowhere in JSON, at the end.
    var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    func error(_ fault: JSONFault, at offset: Int) -> JSONError {
        var counter = JSONPlaceCounter()
        return JSONError(fault: fault, place: counter.place(of: offset, in: bytes))
    }

    /// The error for a byte that cannot stand at the position.
    func unexpected() -> JSONError {
        error(position < bytes.count ? .unexpectedByte : .unexpectedEnd, at: position)
    }

    mutating func document<Node: JSONNode>() throws(JSONError) -> Node {
        try begin()
        let node: Node = try value(depth: 0)
        try end()
        return node
    }

    /// Steps over what may stand before the value.
    mutating func begin() throws(JSONError) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            guard isLoose else { throw error(.byteOrderMark, at: 0) }
            position = 3
        }
        try skipSpace()
    }

    /// Sees to it that nothing follows the value.
    mutating func end() throws(JSONError) {
        try skipSpace()
        guard position == bytes.count else { throw error(.trailingContent, at: position) }
    }

    mutating func value<Node: JSONNode>(depth: Int) throws(JSONError) -> Node {
        let start = position
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return leaf(.string(try string()), from: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            return leaf(.number(try isLoose ? looseNumber() : number()), from: start)
        case UInt8(ascii: "t"):
            try word("true")
            return leaf(.bool(true), from: start)
        case UInt8(ascii: "f"):
            try word("false")
            return leaf(.bool(false), from: start)
        case UInt8(ascii: "n"):
            try word("null")
            return leaf(.null, from: start)
        case UInt8(ascii: "'") where isLoose: return leaf(.string(try string()), from: start)
        case UInt8(ascii: "+") where isLoose, UInt8(ascii: ".") where isLoose,
            UInt8(ascii: "I") where isLoose, UInt8(ascii: "N") where isLoose:
            return leaf(.number(try looseNumber()), from: start)
        default: throw unexpected()
        }
    }

    private mutating func leaf<Node: JSONNode>(_ value: JSONValue, from start: Int) -> Node {
        Node(leaf: value, at: Node.place(of: start, in: bytes, &places))
    }

    private mutating func array<Node: JSONNode>(depth: Int) throws(JSONError) -> Node {
        let place = try open(Node.self, depth: depth)
        var elements: [Node] = []
        guard current != UInt8(ascii: "]") else {
            position += 1
            return Node(elements: elements, at: place)
        }
        repeat {
            elements.append(try value(depth: depth))
        } while try goesOn(until: UInt8(ascii: "]"))
        return Node(elements: elements, at: place)
    }

    private mutating func object<Node: JSONNode>(depth: Int) throws(JSONError) -> Node {
        let place = try open(Node.self, depth: depth)
        var members = Node.noMembers
        guard current != UInt8(ascii: "}") else {
            position += 1
            return Node(members: members, at: place)
        }
        repeat {
            let namePlace = Node.place(of: position, in: bytes, &places)
            let name = try self.name()
            try skipColon()
            Node.append(name, namePlace, try value(depth: depth), to: &members)
        } while try goesOn(until: UInt8(ascii: "}"))
        return Node(members: members, at: place)
    }

    /// Steps over an opening bracket and the space after it.
    private mutating func open<Node: JSONNode>(
        _: Node.Type,
        depth: Int
    ) throws(JSONError) -> Node.Place {
        let start = position
        try enter(depth: depth)
        return Node.place(of: start, in: bytes, &places)
    }

    /// Steps over an opening bracket and the space after it.
    mutating func enter(depth: Int) throws(JSONError) {
        guard depth <= depthMax else { throw error(.tooDeep, at: position) }
        position += 1
        try skipSpace()
    }

    /// Steps over a colon and the space around it.
    mutating func skipColon() throws(JSONError) {
        try skipSpace()
        guard current == UInt8(ascii: ":") else { throw unexpected() }
        position += 1
        try skipSpace()
    }

    /// Steps over what follows an element; whether another element follows.
    mutating func goesOn(until end: UInt8) throws(JSONError) -> Bool {
        try skipSpace()
        if current == UInt8(ascii: ",") {
            position += 1
            try skipSpace()
            guard isLoose, current == end else { return true }
        } else if current != end {
            throw unexpected()
        }
        position += 1
        return false
    }

    private mutating func name() throws(JSONError) -> String {
        switch current {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "'") where isLoose: try string()
        default: try unquotedName()
        }
    }

    /// A name without quotes: ASCII letters, digits, `_` and `$`, not beginning with a digit.
    private mutating func unquotedName() throws(JSONError) -> String {
        let start = position
        while isLoose, isNameByte(current) { position += 1 }
        guard position > start, !(0x30...0x39).contains(bytes[start]) else {
            position = start
            throw unexpected()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func word(_ word: String) throws(JSONError) {
        for byte in word.utf8 {
            guard current == byte else { throw unexpected() }
            position += 1
        }
        guard !isNameByte(current) else { throw unexpected() }
    }
}

/// Whether the byte is an ASCII letter or digit, `_` or `$`.
func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "$"): true
    default: false
    }
}
