/// A world of its own: its clock, what is ready to happen in it, and the trace of what did.
///
/// Everything in it happens on the thread that runs it. Among what is ready the seed chooses, and
/// time goes on only when nothing is.
final class World: @unchecked Sendable {
    // SAFETY: a world runs on one thread, and nothing of it leaves that thread.
    private enum Ready {
        case job(UnownedJob, Place)
        case call(Place?, () -> Void)
    }

    private struct Timer {
        let at: Int64
        let number: Int
        let place: Place?
        let call: () -> Void
    }

    let seed: UInt64
    var trace = Trace()
    /// Chooses what happens next; every other part draws from a stream of its own.
    private var order: Chance
    private var ready: [Ready] = []
    private var timers: [Timer] = []
    private var timerCount = 0
    /// Nanoseconds since the beginning.
    private(set) var now: Int64 = 0
    /// How far the machine's wall clock is off, in milliseconds.
    var wallError: Int64 = 0 {
        didSet { wallErrorMax = max(wallErrorMax, wallError) }
    }
    /// How far it has ever been ahead.
    private(set) var wallErrorMax: Int64 = 0
    private(set) var stepCount = 0
    /// Called before each step.
    var beforeStep: (() -> Void)?
    /// Whether what happens is told on standard output.
    var isTold = false

    init(seed: UInt64) {
        self.seed = seed
        order = Chance(seed: seed, stream: 1)
    }

    var readyCount: Int { ready.count }
    /// The true time, in milliseconds since the epoch.
    var trueMilliseconds: Int64 { 1_795_251_600_000 + now / 1_000_000 }

    func enqueue(_ job: UnownedJob, at place: Place) {
        guard place.isAlive else { return }
        ready.append(.job(job, place))
    }

    /// Tells what happens, where somebody wants to read it.
    func note(_ text: @autoclosure () -> String) {
        guard isTold else { return }
        print("\(Double(now / 1_000_000) / 1000) s: \(text())")
    }

    /// Has something happen as soon as it is chosen.
    func soon(_ place: Place? = nil, _ call: @escaping () -> Void) {
        ready.append(.call(place, call))
    }

    /// Has something happen after a span; never, when the place has died by then.
    func after(_ span: Duration, _ place: Place? = nil, _ call: @escaping () -> Void) {
        let parts = span.components
        // Rounded up: after a wait of less than a nanosecond it is later all the same.
        let fraction = (parts.attoseconds + 999_999_999) / 1_000_000_000
        let wait = max(parts.seconds * 1_000_000_000 + fraction, 0)
        timerCount += 1
        push(Timer(at: now + wait, number: timerCount, place: place, call: call))
    }

    /// Makes one thing happen; false when nothing is left or the next is after the moment given.
    func step(until end: Int64) -> Bool {
        stepCount += 1
        beforeStep?()
        guard !ready.isEmpty else {
            guard let first = timers.first, first.at <= end else { return false }
            let timer = pop()
            now = max(now, timer.at)
            trace.note(1, now)
            run(timer.place, timer.call)
            return true
        }
        let index = order.below(ready.count)
        ready.swapAt(index, ready.count - 1)
        trace.note(2, Int64(index))
        switch ready.removeLast() {
        case .job(let job, let place):
            guard place.isAlive else { return true }
            if place.isPaused {
                place.held.append { [self] in self.enqueue(job, at: place) }
            } else {
                unsafe job.runSynchronously(on: place.asUnownedTaskExecutor())
            }
        case .call(let place, let call): run(place, call)
        }
        return true
    }

    /// Lets time pass in which nothing happens.
    func wait(until moment: Int64) { now = max(now, moment) }

    private func run(_ place: Place?, _ call: @escaping () -> Void) {
        guard let place else { return call() }
        guard place.isAlive else { return }
        if place.isPaused { place.held.append(call) } else { call() }
    }

    // MARK: A heap

    private static func isBefore(_ left: Timer, _ right: Timer) -> Bool {
        (left.at, left.number) < (right.at, right.number)
    }

    private func push(_ timer: Timer) {
        timers.append(timer)
        var child = timers.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.isBefore(timers[child], timers[parent]) else { return }
            timers.swapAt(child, parent)
            child = parent
        }
    }

    private func pop() -> Timer {
        timers.swapAt(0, timers.count - 1)
        let first = timers.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < timers.count && Self.isBefore(timers[child], timers[least]) {
                least = child
            }
            guard least != parent else { return first }
            timers.swapAt(parent, least)
            parent = least
        }
    }
}

/// What happened, as a number that any difference changes.
struct Trace {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var count = 0

    mutating func note(_ kind: UInt64, _ value: Int64) {
        count += 1
        hash = (hash ^ kind ^ UInt64(bitPattern: value) &* 0x9E37_79B9) &* 0x100_0000_01B3
        hash ^= hash >> 29
    }

    mutating func note(_ text: String) {
        var sum: UInt64 = 0
        for byte in text.utf8 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }
        note(3, Int64(bitPattern: sum))
    }
}
