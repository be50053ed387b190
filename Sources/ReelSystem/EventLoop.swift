internal import CReelLinux
internal import Glibc
internal import ReelRuntime
internal import Synchronization

/// A thread that waits for descriptors and timers with epoll(7), and runs tasks in between.
///
/// A task with this executor preference runs here and nowhere else, so what waits on one of the
/// loop's sockets resumes without a change of thread. Work that comes from other threads is
/// queued under a lock, and wakes the loop once for all that has queued up.
package final class EventLoop: TaskExecutor, Sendable {
    enum Work: Sendable {
        case job(UnownedJob)
        case action(@Sendable () -> Void)
    }

    private struct Inbox {
        var work: [Work] = []
        var isStopping = false
    }

    private let core: LoopCore
    private let inbox = Locked(Inbox())
    private let threadID = Atomic<UInt>(0)
    private let thread: Locked<NamedThread?>

    /// Starts the thread; `shutDown` ends it.
    ///
    /// - Throws: When the process has no descriptors left.
    package init(name: String = "loop") throws(SystemError) {
        Signals.ignoreBrokenPipes()
        core = try LoopCore()
        thread = Locked(nil)
        let thread = NamedThread(name) { [self] in run() }
        self.thread.withLock { $0 = thread }
    }

    /// The cores that the machine has on line: as many loops can run at once.
    package static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Whether the caller is on the loop's thread.
    package var isCurrent: Bool {
        threadID.load(ordering: .relaxed) == pthread_self()
    }

    /// The monotonic time at which the loop last woke up; to be read on the loop.
    package var now: Deadline {
        precondition(isCurrent, "the loop's time was read elsewhere")
        return core.now
    }

    /// Takes a task's next piece of work, from any thread.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard !isCurrent else { return core.local.append(.job(job)) }
        submit(.job(job))
    }

    /// Runs an action on the loop soon, from any thread.
    package func execute(_ action: @escaping @Sendable () -> Void) {
        guard !isCurrent else { return core.local.append(.action(action)) }
        submit(.action(action))
    }

    /// Waits on the loop until a deadline.
    package func sleep(until deadline: Deadline) async {
        precondition(isCurrent, "a wait on the loop was begun elsewhere")
        await Waiter.wait { core.timers.insert(deadline, .sleep($0)) }
    }

    /// Ends the thread once nothing is queued, blocking until it has ended.
    ///
    /// Whoever calls it knows that no task prefers this loop any more. Legal twice.
    package func shutDown() {
        precondition(!isCurrent, "a loop cannot wait for its own end")
        let wasIdle = inbox.withLock { inbox in
            inbox.isStopping = true
            return inbox.work.isEmpty
        }
        if wasIdle { core.wake() }
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    /// What belongs to the loop's thread, for the sockets in this room.
    var confined: LoopCore {
        precondition(isCurrent, "what belongs to the loop was used elsewhere")
        return core
    }

    private func submit(_ work: Work) {
        let wasEmpty = inbox.withLock { inbox in
            inbox.work.append(work)
            return inbox.work.count == 1
        }
        if wasEmpty { HeldWakes.perform { [core] in core.wake() } }
    }

    private func run() {
        threadID.store(pthread_self(), ordering: .relaxed)
        var (spare, batch): ([Work], [Work]) = ([], [])
        while true {
            core.poll()
            let isStopping = inbox.withLock { inbox in
                swap(&spare, &inbox.work)
                return inbox.isStopping
            }
            core.local.append(contentsOf: spare)
            spare.removeAll(keepingCapacity: true)
            let hasRun = runLocal(&batch)
            if isStopping {
                guard hasRun else { return }
                core.wake()
            }
        }
    }

    /// Runs what is queued and what that queues in turn, up to a bound so that descriptors and
    /// timers get their turn too.
    ///
    /// The batch is empty before and after, and keeps its room.
    private func runLocal(_ batch: inout [Work]) -> Bool {
        var rounds = 0
        while !core.local.isEmpty, rounds < 16 {
            rounds += 1
            swap(&batch, &core.local)
            for work in batch {
                switch work {
                case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
                case .action(let action): action()
                }
            }
            batch.removeAll(keepingCapacity: true)
        }
        return rounds > 0
    }
}
