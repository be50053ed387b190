import ReelJournal
import Testing

struct ReasonTests {
    @Test(arguments: [
        (Reason("disk_full"), "disk_full"),
        (Reason("target_busy", "HTTP status 503"), "target_busy: HTTP status 503"),
        (Reason("command_failed", "exit status 3: token 1"), "command_failed: exit status 3"),
        (Reason("command_timed_out", "ended"), "command_timed_out: ended"),
    ])
    func `the log has the detail, and nothing that a command said`(
        _ reason: Reason,
        _ text: String
    ) {
        #expect(reason.logText == text)
    }

    @Test func `a line of the log stays short`() {
        let reason = Reason("odd", String(repeating: "é", count: 400))
        #expect(reason.logText.utf8.count <= 210)
        #expect(reason.logText.hasSuffix("…"))
        #expect((reason.detail?.utf8.count ?? 0) > 400)
    }
}
