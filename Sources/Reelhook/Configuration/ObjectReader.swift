internal import ReelJSON

/// Reads the members of one object of the configuration file, each with its place.
///
/// A member is asked for by name, once; `finish` reports whatever was not asked for. A wrong type
/// or a value out of range is a fault, and reads as if the member were not there.
struct ObjectReader {
    /// Where values come from and where faults go, the same for a whole file.
    struct Source {
        let fileName: String
        let environment: [String: String]
        let readFile: (String) -> String?
        let faults: FaultList
    }

    private let node: LocatedJSON
    private let path: String
    private let source: Source
    private var members: [(name: String, value: LocatedJSON)] = []
    private var asked: Set<String> = []

    init(_ node: LocatedJSON, path: String, source: Source) {
        self.node = node
        self.path = path
        self.source = source
        guard let members = node.members else {
            source.faults.add(Self.place(node, path, source), "expected an object")
            return
        }
        self.members = members.map { ($0.name, $0.value) }
        var seen: Set<String> = []
        for member in members where !seen.insert(member.name).inserted {
            source.faults.add(Self.place(member.value, key(member.name), source), "given twice")
        }
    }

    /// The names of all members, for an object whose names are free.
    var names: [String] { members.map(\.name) }

    mutating func string(_ name: String) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.value.string else { return wrong(name, value, "expected a string") }
        return text
    }

    /// A string that is not empty.
    mutating func text(_ name: String) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.value.string else { return wrong(name, value, "expected a string") }
        guard !text.isEmpty else { return wrong(name, value, "must not be empty") }
        return text
    }

    mutating func bool(_ name: String) -> Bool? {
        guard let value = take(name) else { return nil }
        guard let truth = value.value.bool else {
            return wrong(name, value, "expected true or false")
        }
        return truth
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = take(name) else { return nil }
        guard let number = value.value.integer.flatMap({ Int(exactly: $0) }) else {
            return wrong(name, value, "expected a whole number")
        }
        guard range.contains(number) else {
            return wrong(
                name,
                value,
                "must be from \(range.lowerBound) to \(range.upperBound), and is \(number)"
            )
        }
        return number
    }

    /// A span in whole seconds; the name ends in `_seconds`.
    mutating func seconds(_ name: String, in range: ClosedRange<Int>) -> Duration? {
        integer(name, in: range).map { .seconds($0) }
    }

    /// A string that is one of a few words.
    mutating func choice(_ name: String, of words: [String]) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.value.string, words.contains(text) else {
            return wrong(name, value, "must be one of " + words.joined(separator: ", "))
        }
        return text
    }

    /// Any value, without the places of its parts.
    mutating func json(_ name: String) -> JSONValue? { take(name)?.value }

    mutating func strings(_ name: String) -> [String]? {
        guard let value = take(name) else { return nil }
        guard let elements = value.elements else {
            return wrong(name, value, "expected a list of strings")
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            if let text = element.value.string {
                texts.append(text)
            } else {
                wrong(name + "[\(index)]", element, "expected a string")
            }
        }
        return texts
    }

    mutating func object(_ name: String) -> ObjectReader? {
        take(name).map { ObjectReader($0, path: key(name), source: source) }
    }

    mutating func objects(_ name: String) -> [ObjectReader]? {
        guard let value = take(name) else { return nil }
        guard let elements = value.elements else {
            return wrong(name, value, "expected a list of objects")
        }
        return elements.enumerated().map { index, element in
            ObjectReader(element, path: key(name) + "[\(index)]", source: source)
        }
    }

    /// A secret: the text itself, `{"env": "NAME"}` or `{"file": "PATH"}`.
    mutating func secret(_ name: String) -> Secret? {
        take(name).flatMap { secret(of: $0, path: key(name)) }
    }

    mutating func secrets(_ name: String) -> [Secret]? {
        guard let value = take(name) else { return nil }
        guard let elements = value.elements else {
            return secret(of: value, path: key(name)).map { [$0] } ?? []
        }
        return elements.enumerated().compactMap { index, element in
            secret(of: element, path: key(name) + "[\(index)]")
        }
    }

    /// Whether a file that is named here is there and is text.
    func canRead(_ path: String) -> Bool { source.readFile(path) != nil }

    /// Reports a fault of a member that was read and is wrong for a reason of its own.
    func fault(_ name: String, _ message: String) {
        let value = members.last { $0.name == name }?.value ?? node
        source.faults.add(Self.place(value, key(name), source), message)
    }

    /// Reports a fault of the object as a whole.
    func fault(_ message: String) {
        source.faults.add(Self.place(node, path, source), message)
    }

    /// Reports every member that nobody asked for.
    func finish() {
        for member in members where !asked.contains(member.name) {
            let near = nearest(to: member.name, among: asked)
            source.faults.add(
                Self.place(member.value, key(member.name), source),
                "unknown key" + (near.map { ", did you mean \"\($0)\"?" } ?? "")
            )
        }
    }

    private mutating func take(_ name: String) -> LocatedJSON? {
        asked.insert(name)
        return members.last { $0.name == name }?.value
    }

    @discardableResult
    private func wrong<Value>(_ name: String, _ value: LocatedJSON, _ message: String) -> Value? {
        source.faults.add(Self.place(value, key(name), source), message)
        return nil
    }

    private func wrong(_ name: String, _ value: LocatedJSON, _ message: String) {
        source.faults.add(Self.place(value, key(name), source), message)
    }

    private func secret(of value: LocatedJSON, path: String) -> Secret? {
        if let text = value.value.string {
            guard !text.isEmpty else {
                source.faults.add(Self.place(value, path, source), "must not be empty")
                return nil
            }
            return Secret(text)
        }
        guard let members = value.members, members.count == 1, let reference = members.first,
            let target = reference.value.value.string, ["env", "file"].contains(reference.name)
        else {
            source.faults.add(
                Self.place(value, path, source),
                "expected a string, {\"env\": \"NAME\"} or {\"file\": \"PATH\"}"
            )
            return nil
        }
        let isVariable = reference.name == "env"
        let text = isVariable ? source.environment[target] : source.readFile(target)
        guard let text, !text.trimmingWhiteSpace().isEmpty else {
            source.faults.add(
                Self.place(value, path, source),
                isVariable
                    ? "the environment variable \(target) is not set"
                    : "the file \(target) is empty or cannot be read"
            )
            return nil
        }
        return Secret(text)
    }

    private func key(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

    private static func place(_ node: LocatedJSON, _ path: String, _ source: Source) -> String {
        "\(source.fileName):\(node.place.line):\(node.place.column)"
            + (path.isEmpty ? "" : " " + path)
    }
}
