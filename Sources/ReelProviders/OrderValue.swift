internal import ReelCrypto
internal import ReelHTTP
internal import ReelJSON

/// What a request body says, the same for the same order in each encoding: JSON, multipart, and
/// multipart with bracketed names (`video[id]`, `characters[][id]`).
///
/// The order of members has no meaning, that of a list's elements has. What is null is not said.
indirect enum OrderValue: Sendable, Hashable {
    struct Member: Sendable, Hashable {
        let name: String
        var value: OrderValue
    }

    /// A string, a number or a truth value: forms know no difference.
    case text([UInt8])
    case file(contentType: String?, bytes: [UInt8])
    case list([OrderValue])
    /// Two members may have one name; they keep their order.
    case members([Member])
    /// A list's element that is null.
    case null

    init(_ json: JSONValue) {
        self =
            switch json {
            case .null: .null
            case .bool(let truth): .text(Array((truth ? "true" : "false").utf8))
            case .number(let number):
                .text(Array((number.integer.map { String($0) } ?? number.text).utf8))
            case .string(let text): .text(Array(text.utf8))
            case .array(let elements): .list(elements.map { OrderValue($0) })
            case .object(let object):
                .members(
                    object.members.filter { !$0.value.isNull }
                        .map { Member(name: $0.name, value: OrderValue($0.value)) }
                )
            }
    }

    init(_ parts: [MultipartPart]) {
        self = .members([])
        for part in parts {
            let value: OrderValue =
                part.fileName == nil
                ? .text(part.body) : .file(contentType: part.contentType, bytes: part.body)
            add(value, at: Step.path(of: part.name)[...])
        }
    }

    /// The last member of that name, which is the one that most parsers find.
    subscript(_ name: String) -> OrderValue? {
        guard case .members(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    var string: String? {
        guard case .text(let bytes) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Puts another value in the last member of that name; nothing where there is none.
    mutating func replace(_ name: String, with value: OrderValue) {
        guard case .members(var members) = self,
            let index = members.lastIndex(where: { $0.name == name })
        else { return }
        members[index].value = value
        self = .members(members)
    }

    /// Digests the value so that two that differ, differ in what is digested.
    func digest(into hash: inout SHA256) {
        switch self {
        case .text(let bytes):
            hash.update("text", bytes)
        case .file(let contentType, let bytes):
            hash.update("file", Array((contentType ?? "\u{0}").utf8))
            hash.update("of", bytes)
        case .list(let elements):
            hash.update("list \(elements.count)", [])
            for element in elements { element.digest(into: &hash) }
        case .members(let members):
            hash.update("members \(members.count)", [])
            let sorted = members.enumerated().sorted {
                ($0.element.name, $0.offset) < ($1.element.name, $1.offset)
            }
            for (_, member) in sorted {
                hash.update("member", Array(member.name.utf8))
                member.value.digest(into: &hash)
            }
        case .null:
            hash.update("null", [])
        }
    }
}

// MARK: - Names of forms

extension OrderValue {
    /// A step of a bracketed name: `characters[][id]` is a member, the list's next, a member.
    private enum Step: Hashable {
        case member(String)
        case next

        private static let countMax = 16

        /// The steps of a part's name; one that is not well formed is a single member's.
        static func path(of name: String) -> [Step] {
            guard name.hasSuffix("]"), let open = name.firstIndex(of: "["), open > name.startIndex
            else { return [.member(name)] }
            let inner = name[name.index(after: open)...].dropLast()
                .split(separator: "][", omittingEmptySubsequences: false)
            guard inner.count < countMax,
                !inner.contains(where: { $0.contains("[") || $0.contains("]") })
            else { return [.member(name)] }
            return [.member(String(name[..<open]))]
                + inner.map { $0.isEmpty ? .next : .member(String($0)) }
        }

        /// What holds something at this step.
        var emptyContainer: OrderValue {
            switch self {
            case .member: .members([])
            case .next: .list([])
            }
        }
    }

    /// Whether there is something at the end of that way already.
    private func holds(_ path: ArraySlice<Step>) -> Bool {
        guard let step = path.first else { return true }
        switch (step, self) {
        case (.member(let name), .members): return self[name]?.holds(path.dropFirst()) ?? false
        // A list always has room for one more.
        case (.next, .list): return false
        case (.member, _), (.next, _): return true
        }
    }

    private mutating func add(_ value: OrderValue, at path: ArraySlice<Step>) {
        guard let step = path.first else { return self = value }
        let rest = path.dropFirst()
        switch (step, self) {
        case (.member(let name), .members(var members)):
            if let index = members.lastIndex(where: { $0.name == name }),
                !members[index].value.holds(rest)
            {
                members[index].value.add(value, at: rest)
            } else {
                members.append(Member(name: name, value: Self.made(value, at: rest)))
            }
            self = .members(members)
        case (.next, .list(var elements)):
            // A name that comes again begins the next element.
            if let last = elements.indices.last, !elements[last].holds(rest) {
                elements[last].add(value, at: rest)
            } else {
                elements.append(Self.made(value, at: rest))
            }
            self = .list(elements)
        case (.member, _), (.next, _):
            // Nothing is led here: `holds` says that there is no room.
            self = .list([self, Self.made(value, at: path)])
        }
    }

    private static func made(_ value: OrderValue, at path: ArraySlice<Step>) -> OrderValue {
        guard let step = path.first else { return value }
        var container = step.emptyContainer
        container.add(value, at: path)
        return container
    }
}

extension SHA256 {
    /// Adds bytes with what they are and how many, so that no two of these run into each other.
    fileprivate mutating func update(_ what: String, _ bytes: [UInt8]) {
        update(Array("\(what) \(bytes.count):".utf8).span)
        update(bytes.span)
    }
}
