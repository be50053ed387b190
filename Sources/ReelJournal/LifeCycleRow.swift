/// One line of a life cycle's table.
package struct LifeCycleRow<State: Hashable & Sendable>: Sendable, Hashable {
    package let state: State
    /// Who moves it there, for a reader.
    package let movedBy: String
    /// Every state that may follow.
    package let next: [State]
    package let kept: Keeping

    package init(_ state: State, by movedBy: String, to next: [State], kept: Keeping) {
        self.state = state
        self.movedBy = movedBy
        self.next = next
        self.kept = kept
    }
}

/// How long what is in a state is kept.
package enum Keeping: Hashable, Sendable {
    case notKept
    case untilMoved
    /// Counted from its end.
    case retained(RetentionSpan)
    case withItsEvent
    case withItsVideo
    case asFiles
    case always

    /// As the documents say it.
    package var words: String {
        switch self {
        case .notKept: "not kept: counted, and logged with its reason"
        case .untilMoved: "until it moves on"
        case .retained(let span): "`\(span.key)`: \(span.standardDayCount)"
        case .withItsEvent: "as long as its event"
        case .withItsVideo: "as long as what is known of its video"
        case .asFiles: "as the retention of files says; without one, always"
        case .always: "always: there is one for each target"
        }
    }
}

/// States and the moves between them: the one table that code, SQL and documents share.
package protocol LifeCycle: Hashable, Sendable, CaseIterable, RawRepresentable
where RawValue == String {
    /// What goes through it, such as `An event`.
    static var subject: String { get }
    /// A row for each state, in the order of a life.
    static var rows: [LifeCycleRow<Self>] { get }
    /// In which states a life may begin.
    static var starts: [Self] { get }
}

extension LifeCycle {
    package var row: LifeCycleRow<Self>? { Self.rows.first { $0.state == self } }

    /// Whether the table has a move from this state to that one.
    package func mayBecome(_ next: Self) -> Bool {
        // Each write asks this, so no row is copied.
        Self.rows.contains { $0.state == self && $0.next.contains(next) }
    }

    /// Whether the table lets this state be written where that one is; nil where nothing is.
    package func mayFollow(_ known: Self?) -> Bool {
        guard let known else { return Self.starts.contains(self) }
        return known.mayBecome(self)
    }

    /// Whether nothing follows.
    package var isFinal: Bool { row?.next.isEmpty ?? true }

    /// The states from which the table leads to this one.
    package var predecessors: [Self] {
        Self.rows.filter { $0.next.contains(self) }.map(\.state)
    }

    /// The table as the documents show it.
    package static var markdown: String {
        let lines = rows.map { row in
            let next = row.next.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            return "| `\(row.state.rawValue)` | \(row.movedBy) | \(next.isEmpty ? "-" : next) |"
                + " \(row.kept.words) |"
        }
        let head = ["| state | who moves it there | next | kept |", "|---|---|---|---|"]
        let starts = starts.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        return (head + lines).joined(separator: "\n") + "\n\nIt begins as \(starts)."
    }
}
