/// A chance from 0 to 1.
package struct Probability: Hashable, Sendable, CustomStringConvertible {
    package let value: Double

    package static let never = Probability(unchecked: 0)
    package static let always = Probability(unchecked: 1)

    private init(unchecked value: Double) {
        self.value = value
    }

    /// Takes a number from 0 to 1; nil for anything else.
    package init?(_ value: Double) {
        guard (0...1).contains(value) else { return nil }
        self.init(unchecked: value)
    }

    /// Reads `0.3` or `30%`; nil for anything else.
    package init?(text: String) {
        guard text.utf8.last == UInt8(ascii: "%") else {
            guard let value = Double(text) else { return nil }
            self.init(value)
            return
        }
        guard let percentage = Double(text.dropLast()) else { return nil }
        self.init(percentage / 100)
    }

    /// The number, as `0.3`.
    package var description: String { "\(value)" }
}
