/// A JSON value whose every part knows where it stands, for messages about a configuration file.
package struct LocatedJSON: Sendable, Hashable {
    /// What the value is, its parts with their places.
    package indirect enum Kind: Sendable, Hashable {
        case null
        case bool(Bool)
        case number(JSONNumber)
        case string(String)
        case array([LocatedJSON])
        case object([Member])
    }

    /// A member of an object, with the place of its name.
    package struct Member: Sendable, Hashable {
        package let name: String
        package let namePlace: JSONPlace
        package let value: LocatedJSON
    }

    package let kind: Kind
    /// Where the value begins.
    package let place: JSONPlace

    package init(_ kind: Kind, at place: JSONPlace) {
        self.kind = kind
        self.place = place
    }

    /// The value without its places.
    package var value: JSONValue {
        switch kind {
        case .null: return .null
        case .bool(let truth): return .bool(truth)
        case .number(let number): return .number(number)
        case .string(let text): return .string(text)
        case .array(let elements): return .array(elements.map(\.value))
        case .object(let members):
            var object = JSONObject()
            for member in members { object.append(member.name, member.value.value) }
            return .object(object)
        }
    }

    /// The last member of that name, when this is an object that has one.
    package subscript(_ name: String) -> LocatedJSON? {
        members?.last { $0.name == name }?.value
    }

    /// The members in their order, names that stand twice included, when this is an object.
    package var members: [Member]? {
        guard case .object(let members) = kind else { return nil }
        return members
    }

    package var elements: [LocatedJSON]? {
        guard case .array(let elements) = kind else { return nil }
        return elements
    }
}
