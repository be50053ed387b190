internal import Glibc
internal import ReelRuntime

/// When a read is ended: while it goes on, the write-ahead log cannot begin anew, and grows by
/// whatever is written.
///
/// It belongs to the thread of its connection.
final class ReadBound {
    /// What a read may take.
    enum Limit {
        /// Time: for the readers of the service itself.
        case span(Duration, any TimeSource)
        /// What the log at a path grows by meanwhile: for somebody who looks on, and may read a
        /// long journal through.
        case growth(path: String, byteCount: Int)
    }

    private let limit: Limit
    private var end: Duration?
    private var firstByteCount = 0

    init(_ limit: Limit) {
        self.limit = limit
    }

    /// A read begins.
    func begin() {
        switch limit {
        case .span(let span, let time): end = time.uptime() + span
        case .growth(let path, _): firstByteCount = Self.byteCount(of: path)
        }
    }

    /// Whether the read is to be ended.
    var isReached: Bool {
        switch limit {
        case .span(_, let time): end.map { time.uptime() >= $0 } ?? false
        case .growth(let path, let byteCount):
            Self.byteCount(of: path) - firstByteCount > byteCount
        }
    }

    /// The length of a file; 0 for one that is not there.
    private static func byteCount(of path: String) -> Int {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return 0 }
        return Int(status.st_size)
    }
}
