import ReelReconciler
import ReelRuntime
import Testing

struct PollScheduleTests {
    private let schedule = PollSchedule(jitter: 0)
    private let random = SeededRandomSource(seed: 5)

    @Test(arguments: [
        (polls: 0, wait: Duration.seconds(2)),
        (polls: 1, wait: .seconds(4)),
        (polls: 2, wait: .seconds(8)),
        (polls: 3, wait: .seconds(10)),
        (polls: 4000, wait: .seconds(10)),
    ])
    func `without webhooks the waits are 2, 4, 8 and then 10 s`(polls: Int, wait: Duration) {
        #expect(self.wait(polls) == wait)
    }

    @Test(arguments: [0, 1, 2, 3, 4000])
    func `while webhooks arrive a missed one waits for 25 s at most`(polls: Int) {
        let wait = schedule.wait(afterPolls: polls, webhooksArrive: true, wish: nil, random)
        #expect(wait == .seconds(25))
    }

    @Test(arguments: [
        (wish: Duration.seconds(15), wait: Duration.seconds(15)),
        (wish: .seconds(3), wait: .seconds(10)),
        (wish: .seconds(600), wait: .seconds(25)),
        (wish: .seconds(-3), wait: .seconds(10)),
    ])
    func `a server's wish is the least, held to a bound`(wish: Duration, wait: Duration) {
        #expect(self.wait(9, wish: wish) == wait)
    }

    @Test func `jitter shortens waits, differs, and never lengthens them`() {
        let schedule = PollSchedule(jitter: 0.1)
        let waits = (0..<500).map { _ in
            schedule.wait(afterPolls: 9, webhooksArrive: false, wish: nil, random)
        }
        #expect(waits.allSatisfy { $0 > .seconds(9) && $0 <= .seconds(10) })
        #expect(Set(waits).count > 100)
    }

    @Test(arguments: [
        (age: Duration.zero, polls: 0),
        (age: .seconds(2), polls: 1),
        (age: .seconds(5), polls: 1),
        (age: .seconds(6), polls: 2),
        (age: .seconds(13), polls: 2),
        (age: .seconds(14), polls: 3),
        (age: .seconds(90_000), polls: 3),
    ])
    func `an older job does not begin anew`(age: Duration, polls: Int) {
        #expect(schedule.polls(atAge: age) == polls)
    }

    private func wait(_ polls: Int, wish: Duration? = nil) -> Duration {
        schedule.wait(afterPolls: polls, webhooksArrive: false, wish: wish, random)
    }
}
