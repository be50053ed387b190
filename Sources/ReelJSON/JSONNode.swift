/// What a reader builds: a value with or without places.
protocol JSONNode {
    associatedtype Place
    associatedtype Members

    static var noMembers: Members { get }
    static func place(of offset: Int, in bytes: [UInt8], _ counter: inout JSONPlaceCounter) -> Place
    static func append(_ name: String, _ namePlace: Place, _ value: Self, to members: inout Members)

    init(leaf: JSONValue, at place: Place)
    init(elements: [Self], at place: Place)
    init(members: Members, at place: Place)
}

extension JSONValue: JSONNode {
    static var noMembers: JSONObject { JSONObject() }

    static func place(of _: Int, in _: [UInt8], _: inout JSONPlaceCounter) {}

    static func append(_ name: String, _: Void, _ value: JSONValue, to members: inout JSONObject) {
        members.append(name, value)
    }

    init(leaf: JSONValue, at _: Void) { self = leaf }
    init(elements: [JSONValue], at _: Void) { self = .array(elements) }
    init(members: JSONObject, at _: Void) { self = .object(members) }
}

extension LocatedJSON: JSONNode {
    static var noMembers: [Member] { [] }

    static func place(
        of offset: Int,
        in bytes: [UInt8],
        _ counter: inout JSONPlaceCounter
    ) -> JSONPlace {
        counter.place(of: offset, in: bytes)
    }

    static func append(
        _ name: String,
        _ namePlace: JSONPlace,
        _ value: LocatedJSON,
        to members: inout [Member]
    ) {
        members.append(Member(name: name, namePlace: namePlace, value: value))
    }

    init(leaf: JSONValue, at place: JSONPlace) {
        switch leaf {
        case .null: self.init(.null, at: place)
        case .bool(let truth): self.init(.bool(truth), at: place)
        case .number(let number): self.init(.number(number), at: place)
        case .string(let text): self.init(.string(text), at: place)
        case .array, .object: preconditionFailure("arrays and objects are no leaves")
        }
    }

    init(elements: [LocatedJSON], at place: JSONPlace) { self.init(.array(elements), at: place) }
    init(members: [Member], at place: JSONPlace) { self.init(.object(members), at: place) }
}
