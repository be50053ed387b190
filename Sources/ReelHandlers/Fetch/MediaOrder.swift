internal import ReelAssets
internal import ReelJournal
internal import ReelProviders
internal import ReelRuntime

/// What a video was ordered to be: by the order where it was kept, else by the provider's object.
struct MediaOrder: Sendable, Hashable {
    /// What a file may differ in from its order.
    enum Trait: String, Sendable, CaseIterable {
        case duration
        case size
    }

    var duration: Duration?
    var width: Int?
    var height: Int?

    init(duration: Duration? = nil, width: Int? = nil, height: Int? = nil) {
        self.duration = duration
        self.width = width
        self.height = height
    }

    /// Takes what the order said, and of what it left open what the provider's object says: an
    /// object may say what was made in place of what was ordered.
    init(_ ordered: OrderedMedia?, else video: VideoObject) {
        let order = MediaOrder(seconds: ordered?.seconds, size: ordered?.size)
        let echo = MediaOrder(seconds: video.seconds, size: video.size)
        self.init(
            duration: order.duration ?? echo.duration,
            width: order.width ?? echo.width,
            height: order.height ?? echo.height
        )
    }

    /// Reads both; what is missing or no number was not ordered.
    private init(seconds: String?, size: String?) {
        if let seconds = seconds.flatMap(Double.init), (0.001...86_400).contains(seconds) {
            duration = .milliseconds(Int64((seconds * 1000).rounded()))
        }
        let sides = size?.split(separator: "x", omittingEmptySubsequences: false)
        guard let sides, sides.count == 2, let width = Int(sides[0]), let height = Int(sides[1]),
            (1...65_536).contains(width), (1...65_536).contains(height)
        else { return }
        self.width = width
        self.height = height
    }

    /// In what a file differs from the order, each with a sentence for a reader.
    ///
    /// A duration may differ by the tolerance, and by a twentieth of what was ordered: whole groups
    /// of frames seldom add up to whole seconds. What the file's header leaves out is not compared.
    func differences(
        from facts: MediaFacts,
        tolerance: Duration
    ) -> [(trait: Trait, text: String)] {
        var found: [(trait: Trait, text: String)] = []
        if let duration, let length = facts.duration {
            let gap = length > duration ? length - duration : duration - length
            if gap > max(tolerance, duration / 20) {
                found.append(
                    (
                        .duration,
                        "lasts \(Self.text(length)) s, ordered were \(Self.text(duration)) s"
                    )
                )
            }
        }
        if let width, let height, let foundWidth = facts.width, let foundHeight = facts.height,
            (foundWidth, foundHeight) != (width, height)
        {
            found.append(
                (
                    .size,
                    "has \(foundWidth)x\(foundHeight) pixels, ordered were \(width)x\(height)"
                )
            )
        }
        return found
    }

    /// In seconds with at most three decimals, as `4` or `3.042`.
    private static func text(_ span: Duration) -> String {
        let milliseconds = span.wholeMilliseconds
        let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000)
        guard rest > 0 else { return "\(seconds)" }
        var decimals = String(repeating: "0", count: 3 - "\(rest)".count) + "\(rest)"
        while decimals.last == "0" { decimals.removeLast() }
        return "\(seconds).\(decimals)"
    }
}
