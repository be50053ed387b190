internal import CReelLinux
internal import Glibc

/// What an event loop keeps for its own thread: the epoll instance, the timers, who waits.
// SAFETY: everything but `wake` and the two descriptors' numbers, which never change, is touched
// only on the loop's thread; `EventLoop.confined` checks it.
@safe
final class LoopCore: @unchecked Sendable {
    enum Alarm {
        case sleep(Waiter<Void>)
        case registration(UInt64)
    }

    /// At most this many events are taken from the kernel at once.
    private static let batchSize = 256
    /// What the eventfd is registered as; registrations count from 1.
    private static let wakeID: UInt64 = 0

    var local: [EventLoop.Work] = []
    var timers = TimerHeap<Alarm>()
    private(set) var now = Deadline.now()

    private let epoll: Descriptor
    private let waker: Descriptor
    private var registrations: [UInt64: Registration] = [:]
    private var lastID: UInt64 = LoopCore.wakeID
    private var events = unsafe [epoll_event](repeating: epoll_event(), count: LoopCore.batchSize)

    init() throws(SystemError) {
        epoll = Descriptor(
            owning: try call("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
        )
        waker = Descriptor(
            owning: try call("eventfd") { eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)) }
        )
        try control(EPOLL_CTL_ADD, waker.number, id: Self.wakeID, events: EPOLLIN.rawValue)
    }

    /// Makes `poll` return, from any thread.
    ///
    /// The counter is never read: the registration is edge-triggered, so each write is an event,
    /// and 2^64 of them do not happen.
    func wake() {
        var one: UInt64 = 1
        _ = try? attempt("write") { unsafe write(waker.number, &one, 8) }
    }

    /// Starts to watch a descriptor; both directions, edge-triggered, for as long as it is open.
    func register(_ descriptor: Int32) throws(SystemError) -> Registration {
        lastID += 1
        let registration = Registration(id: lastID, core: self)
        try control(
            EPOLL_CTL_ADD,
            descriptor,
            id: lastID,
            events: EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue
        )
        registrations[lastID] = registration
        return registration
    }

    /// Stops watching; an event that is already under way finds its id gone and is dropped, even
    /// if the descriptor's number is in use again.
    func unregister(_ registration: Registration, _ descriptor: Int32) {
        registrations[registration.id] = nil
        registration.disarm()
        var unused = unsafe epoll_event()
        _ = try? call("epoll_ctl") {
            unsafe epoll_ctl(epoll.number, EPOLL_CTL_DEL, descriptor, &unused)
        }
    }

    /// Waits for events, for due timers, or not at all when there is work, and hands them out.
    func poll() {
        let timeout: Int32
        if !local.isEmpty {
            timeout = 0
        } else if let earliest = timers.earliest {
            timeout = earliest.milliseconds(from: Deadline.now())
        } else {
            timeout = -1
        }
        takeEvents(timeout)
        // What came while this thread was held up has come in time: it is asked for before anybody
        // is told that nothing came.
        while let earliest = timers.earliest, earliest <= now, takeEvents(0) == Self.batchSize {}
        ring(now)
    }

    /// Tells everybody whose deadline is not after a moment.
    func ring(_ moment: Deadline) {
        while let alarm = timers.takeDue(moment) {
            switch alarm {
            case .sleep(let waiter): waiter.resume(returning: ())
            case .registration(let id): registrations[id]?.alarmRang(moment)
            }
        }
    }

    /// Hands out what the kernel has, as many as are taken at once.
    ///
    /// - Returns: How many that were.
    @discardableResult
    private func takeEvents(_ timeout: Int32) -> Int {
        var count: Int32
        // Not through the wrapper: to be interrupted by a signal (-1) is the only failure that
        // valid arguments leave. It counts as nothing happened, unless nobody was to wait.
        repeat {
            count = unsafe events.withUnsafeMutableBufferPointer { buffer in
                unsafe epoll_wait(epoll.number, buffer.baseAddress, Int32(buffer.count), timeout)
            }
        } while count < 0 && timeout == 0
        now = Deadline.now()
        for index in 0..<max(0, Int(count)) {
            let event = unsafe events[index]
            guard let registration = unsafe registrations[event.data.u64] else { continue }
            unsafe registration.happened(event.events)
        }
        return max(0, Int(count))
    }

    private func control(
        _ operation: Int32,
        _ descriptor: Int32,
        id: UInt64,
        events: UInt32
    ) throws(SystemError) {
        var event = unsafe epoll_event()
        // EPOLLET is the highest bit, which does not fit the imported enumeration.
        unsafe event.events = events | 1 << 31
        unsafe event.data.u64 = id
        try call("epoll_ctl") {
            unsafe epoll_ctl(epoll.number, operation, descriptor, &event)
        }
    }
}
