/// How often something went wrong in earlier attempts, kept as the step's checkpoint.
///
/// Written as `v1 video=2 thumbnail=1`.
struct FetchTries: Sendable, Hashable {
    private var counts: [String: Int] = [:]

    /// Reads a checkpoint; one that is absent or of another version counts from zero.
    init(_ checkpoint: [UInt8]?) {
        guard let checkpoint else { return }
        let words = String(decoding: checkpoint, as: UTF8.self).split(separator: " ")
        guard words.first == "v1" else { return }
        for word in words.dropFirst() {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let count = Int(parts[1]) else { continue }
            counts[String(parts[0])] = count
        }
    }

    /// Counts one more and returns how many there are.
    mutating func count(_ name: String) -> Int {
        counts[name, default: 0] += 1
        return counts[name, default: 0]
    }

    var checkpoint: [UInt8] {
        let words = counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return Array((["v1"] + words).joined(separator: " ").utf8)
    }
}
