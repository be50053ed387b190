internal import ReelRuntime

/// How far back the next reading of a list has to go: a high-water mark, which a full reading
/// comes before from time to time, since what was given up may have come back below it.
struct SweepMark {
    private var mark: Timestamp?
    private var partialCount = 0

    /// Where the next reading may stop; nil when it is to be a full one, as the first is.
    mutating func next(fullInterval: Int) -> Timestamp? {
        guard let mark, partialCount + 1 < fullInterval else {
            partialCount = 0
            return nil
        }
        partialCount += 1
        return mark
    }

    /// Takes that a reading came to its end which saw everything made since that moment.
    mutating func reached(_ moment: Timestamp) {
        mark = max(mark ?? moment, moment)
    }
}
