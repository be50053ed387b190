/// How much a text may hold before it is refused.
package struct JSONLimits: Sendable, Hashable {
    /// How many arrays and objects may be open at once, at most 512, since each takes stack.
    package let depthMax: Int
    /// How long the text may be.
    package let byteCountMax: Int

    package init(depthMax: Int = 64, byteCountMax: Int = 16 << 20) {
        precondition((1...512).contains(depthMax), "a depth is from 1 to 512")
        precondition(byteCountMax > 0, "a text has room for something")
        self.depthMax = depthMax
        self.byteCountMax = byteCountMax
    }
}
