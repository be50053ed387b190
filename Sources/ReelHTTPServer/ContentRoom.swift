internal import ReelRuntime

/// The memory that a server has for content that is under way, of all its connections together.
final class ContentRoom: Sendable {
    private let byteCountMax: Int
    private let taken = Locked(0)

    init(byteCountMax: Int) {
        self.byteCountMax = byteCountMax
    }

    /// Takes room; false when there is not so much left, and then nothing is taken.
    func take(_ count: Int) -> Bool {
        taken.withLock { taken in
            guard count <= byteCountMax - taken else { return false }
            taken += count
            return true
        }
    }

    /// Gives room back that was taken.
    func give(_ count: Int) {
        taken.withLock { $0 -= count }
    }
}
