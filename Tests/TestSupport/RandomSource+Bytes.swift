package import ReelRuntime

extension RandomSource {
    /// That many bytes, for a test's input.
    package func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
