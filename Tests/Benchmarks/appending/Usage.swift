internal import Glibc
internal import ReelObservability

/// What the process has used up so far.
struct Usage {
    let elapsed: ContinuousClock.Instant
    let processorSeconds: Double
    let writtenByteCount: Int64
    let commitCount: Int64

    static func now(_ commits: Counter) -> Usage {
        var usage = rusage()
        _ = unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return Usage(
            elapsed: .now,
            processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            writtenByteCount: number("wchar:", in: "/proc/self/io"),
            commitCount: commits.value
        )
    }

    /// The most memory that the process ever had, in KiB.
    static var peakKilobytes: Int64 { number("VmHWM:", in: "/proc/self/status") }

    /// Prints what `count` appends used up.
    func report(since before: Usage, at place: Int64, _ count: Int64) {
        let span = before.elapsed.duration(to: elapsed).components
        let seconds = Double(span.seconds) + Double(span.attoseconds) / 1e18
        let processor = (processorSeconds - before.processorSeconds) / Double(count) * 1e6
        let bytes = (writtenByteCount - before.writtenByteCount) / count
        let commits = Double(count) / Double(max(commitCount - before.commitCount, 1))
        print(
            "at \(place): \(Int(Double(count) / seconds)) appends/s, "
                + "\(Self.rounded(processor)) us of processor each, \(bytes) bytes written each, "
                + "\(Self.rounded(commits)) for each fsync, peak memory \(Self.peakKilobytes) KiB"
        )
    }

    private static func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    private static func number(_ name: String, in path: String) -> Int64 {
        guard let file = unsafe fopen(path, "r") else { return 0 }
        defer { _ = unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
        where line.hasPrefix(name) {
            return line.split(whereSeparator: \.isWhitespace).dropFirst().first
                .flatMap { Int64($0) } ?? 0
        }
        return 0
    }
}
