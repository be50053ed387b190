/// The paths of one route: literal segments, and named ones that stand for any.
struct RoutePattern: Sendable {
    private enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter(String)

        var isLiteral: Bool {
            switch self {
            case .literal: true
            case .parameter: false
            }
        }
    }

    private let segments: [Segment]
    /// The path as it is sent when the pattern has no parameter and needs no escapes.
    let literalPath: String?

    /// Reads a pattern, which begins with a slash.
    init(_ text: String) {
        precondition(text.hasPrefix("/"), "a pattern begins with a slash")
        segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            $0.hasPrefix("{") && $0.hasSuffix("}")
                ? .parameter(String($0.dropFirst().dropLast())) : .literal(String($0))
        }
        literalPath = segments.allSatisfy(\.isLiteral) ? text : nil
    }

    /// The parameters of a path that fits; nil for one that does not.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal): guard literal == text else { return nil }
            case .parameter(let name):
                guard !text.isEmpty else { return nil }
                parameters[name] = text
            }
        }
        return parameters
    }

    /// Whether both fit the same paths and name their parameters alike.
    func sameShape(as other: RoutePattern) -> Bool {
        segments == other.segments
    }

    /// Whether this is to be asked first: at the first segment that differs in kind, the literal.
    func isMoreSpecific(than other: RoutePattern) -> Bool {
        for (mine, theirs) in zip(segments, other.segments) where mine.isLiteral != theirs.isLiteral
        {
            return mine.isLiteral
        }
        return false
    }
}
