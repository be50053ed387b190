internal import ReelRuntime

/// A way to cut bytes into the pieces in which they arrive.
///
/// A decoder must give the same result for every cut; a test goes through `ByteFeeder.all(seed:)`
/// and names the feeder in its failure, which is enough to replay it.
package enum ByteFeeder: Sendable, Hashable, CustomStringConvertible {
    case whole
    case byteByByte
    /// Pieces of random length, by default 1 to 16 bytes; the same for the same seed.
    case random(seed: UInt64, longest: Int = 16)

    /// Whole, byte by byte, and `randomCount` random cuts from short to long pieces.
    package static func all(seed: UInt64, randomCount: Int = 4) -> [ByteFeeder] {
        [.whole, .byteByByte]
            + (0..<randomCount).map {
                .random(seed: seed &+ UInt64($0), longest: 4 << ($0 * 2 % 9))
            }
    }

    /// The pieces in their order; none is empty, and together they are `bytes`.
    package func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        guard !bytes.isEmpty else { return [] }
        switch self {
        case .whole: return [bytes]
        case .byteByByte: return bytes.map { [$0] }
        case .random(let seed, let longest):
            let random = SeededRandomSource(seed: seed)
            var pieces: [[UInt8]] = []
            var start = 0
            while start < bytes.count {
                let length = 1 + Int(random.below(UInt64(max(1, longest))))
                let end = min(bytes.count, start + length)
                pieces.append(Array(bytes[start..<end]))
                start = end
            }
            return pieces
        }
    }

    package var description: String {
        switch self {
        case .whole: "whole"
        case .byteByByte: "byte by byte"
        case .random(let seed, let longest): "random(seed: \(seed), longest: \(longest))"
        }
    }
}
