internal import ReelJournal
internal import ReelRuntime

/// A line of progress that is redrawn on a terminal, and is not there otherwise.
final class ProgressLine: Sendable {
    private let tool: Tool
    private let shown = Locked("")

    init(_ tool: Tool) {
        self.tool = tool
    }

    func show(_ video: WatchedVideo) {
        let percent = min(100, max(0, video.job.progress ?? 0))
        let filled = percent / 5
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
        show("\(video.job.id.rawValue) [\(bar)] \(percent)% \(video.job.status ?? "")")
    }

    func show(_ text: String) {
        guard tool.isLively else { return }
        let isNew = shown.withLock { shown in
            defer { shown = text }
            return shown != text
        }
        if isNew { tool.talk.write("\r\u{1B}[2K" + text) }
    }

    /// Takes the line away.
    func end() {
        let wasShown = shown.withLock { shown in
            defer { shown = "" }
            return !shown.isEmpty
        }
        if wasShown { tool.talk.write("\r\u{1B}[2K") }
    }
}
