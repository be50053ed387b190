internal import CReelLinux

/// What a loop knows of one descriptor, and who waits for it.
///
/// Belongs to the loop's thread. The two directions are apart; each has at most one that waits.
final class Registration {
    enum Direction { case reading, writing }

    /// How a wait ended.
    enum Outcome: Sendable { case ready, timedOut, cancelled }

    /// Who learns that a wait is over.
    private enum Listener {
        case task(Waiter<Outcome>)
        /// Asks for itself how it ended.
        case action(() -> Void)

        func waitEnded(_ outcome: Outcome) {
            switch self {
            case .task(let waiter): waiter.resume(returning: outcome)
            case .action(let action): action()
            }
        }
    }

    private struct Side {
        /// An edge that came while nobody waited, or before the first call.
        var isReady = true
        var waiter: Listener?
        var deadline = Deadline.never

        mutating func begin(_ waiter: Listener, _ end: Deadline) {
            precondition(self.waiter == nil, "two wait for one direction of a socket")
            self.waiter = waiter
            deadline = end
        }

        /// Ends the wait if there is one; an edge that nobody waits for is kept.
        mutating func finish(_ outcome: Outcome) {
            if outcome == .ready { isReady = true }
            let told = waiter
            waiter = nil
            told?.waitEnded(outcome)
        }

        /// Ends the wait if it is due, else says when it will be.
        mutating func alarmRang(_ now: Deadline) -> Deadline? {
            guard waiter != nil else { return nil }
            guard deadline <= now else { return deadline }
            finish(.timedOut)
            return nil
        }
    }

    let id: UInt64
    private unowned let core: LoopCore
    private var reading = Side()
    private var writing = Side()
    /// The peer has sent all it will: reading never blocks again, and no further edge may come.
    private var hasPeerClosed = false
    /// The socket has failed or both directions are closed: writing never blocks again either.
    private var isOver = false
    private var isCancelled = false
    private var isInterrupted = false
    /// The one timer in the heap, and when it rings.
    private var alarm: (handle: TimerHeap<LoopCore.Alarm>.Handle, deadline: Deadline)?

    init(id: UInt64, core: LoopCore) {
        self.id = id
        self.core = core
    }

    /// Waits until a call that would have blocked is worth trying again.
    func wait(_ direction: Direction, until deadline: Deadline) async -> Outcome {
        guard !isCancelled else { return .cancelled }
        let isReady =
            switch direction {
            case .reading: reading.isReady
            case .writing: writing.isReady
            }
        if isReady { return .ready }
        guard deadline > core.now else { return .timedOut }
        return await Waiter.wait { waiter in
            switch direction {
            case .reading: reading.begin(.task(waiter), deadline)
            case .writing: writing.begin(.task(waiter), deadline)
            }
            arm(deadline)
        }
    }

    /// Calls an action on the loop's thread when a wait for reading would end, perhaps at once;
    /// no task is needed until then.
    func watchReading(until deadline: Deadline, _ action: @escaping () -> Void) {
        guard !isCancelled, !reading.isReady, deadline > core.now else { return action() }
        reading.begin(.action(action), deadline)
        arm(deadline)
    }

    /// Notes that the last call took all there was, or filled all the room: the next one waits.
    func exhausted(_ direction: Direction) {
        switch direction {
        case .reading: reading.isReady = hasPeerClosed
        case .writing: writing.isReady = isOver
        }
    }

    /// Takes an edge from the kernel.
    func happened(_ events: UInt32) {
        let failed = events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        if failed { isOver = true }
        if failed || events & EPOLLRDHUP.rawValue != 0 { hasPeerClosed = true }
        if hasPeerClosed || events & EPOLLIN.rawValue != 0 { reading.finish(.ready) }
        if failed || events & EPOLLOUT.rawValue != 0 { writing.finish(.ready) }
    }

    /// Ends the waits of now and of later.
    func cancel() {
        isCancelled = true
        reading.finish(.cancelled)
        writing.finish(.cancelled)
    }

    /// Makes whoever reads try once more, now or when it next would wait.
    func interruptReading() {
        isInterrupted = true
        reading.finish(.ready)
    }

    /// Whether reading was interrupted since this was last asked.
    func takeInterruption() -> Bool {
        defer { isInterrupted = false }
        return isInterrupted
    }

    /// The timer in the heap is due; the deadline may have moved on since it was set.
    func alarmRang(_ now: Deadline) {
        alarm = nil
        if let next = reading.alarmRang(now) { arm(next) }
        if let next = writing.alarmRang(now) { arm(next) }
    }

    /// Takes the timer out of the heap, for one whose descriptor is no longer watched.
    func disarm() {
        if let alarm { core.timers.remove(alarm.handle) }
        alarm = nil
    }

    /// Sees to a timer at or before the deadline.
    ///
    /// A later deadline leaves the timer as it is, which asks again when it rings: the heap is not
    /// touched for each request of a busy connection. An earlier one moves it, so that there is
    /// never more than one.
    private func arm(_ deadline: Deadline) {
        guard deadline < alarm?.deadline ?? .never else { return }
        if let alarm {
            core.timers.move(alarm.handle, to: deadline)
            self.alarm = (alarm.handle, deadline)
        } else {
            alarm = (core.timers.insert(deadline, .registration(id)), deadline)
        }
    }
}
