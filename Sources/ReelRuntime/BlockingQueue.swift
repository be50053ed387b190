internal import Glibc

/// A bounded queue from tasks to a thread that blocks for its next work.
///
/// Whoever puts never blocks: a full queue says so. The one thread that takes gets everything that
/// has queued up, which is how a commit comes to be shared.
// SAFETY: all variables are touched only between lock and unlock of `mutex`; both pointers live
// from `init` to `deinit`.
@safe
package final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var isClosed = false
    private var whenFilled: (@Sendable () -> Void)?
    private let capacity: Int
    private var heldCount = 0

    /// What became of an element that was put.
    package enum PutOutcome: Sendable {
        case queued
        case full
        case closed
    }

    package init(capacity: Int) {
        precondition(capacity > 0, "a queue has room for something")
        self.capacity = capacity
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe filled = .allocate(capacity: 1)
        unsafe filled.initialize(to: pthread_cond_t())
        let mutexStatus = unsafe pthread_mutex_init(mutex, nil)
        let conditionStatus = unsafe pthread_cond_init(filled, nil)
        precondition(mutexStatus == 0 && conditionStatus == 0, "a queue could not be made")
    }

    deinit {
        unsafe pthread_cond_destroy(filled)
        unsafe pthread_mutex_destroy(mutex)
        unsafe filled.deallocate()
        unsafe mutex.deallocate()
    }

    /// Adds an element unless the queue is full or closed.
    package func put(_ element: Element) -> PutOutcome {
        let (outcome, call) = admit(element, isUrgent: false)
        call?()
        return outcome
    }

    /// Adds an element although the queue may be full, for the few that keep it going.
    package func putUrgent(_ element: Element) -> PutOutcome {
        let (outcome, call) = admit(element, isUrgent: true)
        call?()
        return outcome
    }

    /// Says how many elements the taker has taken and not finished: they count as queued.
    package func hold(_ count: Int) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        heldCount = count
    }

    private func admit(
        _ element: Element,
        isUrgent: Bool
    ) -> (PutOutcome, (@Sendable () -> Void)?) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard !isClosed else { return (.closed, nil) }
        guard isUrgent || elements.count + heldCount < capacity else { return (.full, nil) }
        elements.append(element)
        guard elements.count == 1 else { return (.queued, nil) }
        unsafe pthread_cond_signal(filled)
        return (.queued, whenFilled)
    }

    /// Has a closure called, by whoever puts or closes, when an empty queue is empty no more and
    /// when it is closed: for a taker that is no thread and does not block.
    package func whenFilled(_ call: @escaping @Sendable () -> Void) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        whenFilled = call
    }

    /// Blocks the calling thread until there is something, and takes at most `limit` elements in
    /// the order they were put; empty once the queue is closed and drained.
    package func take(atMost limit: Int) -> [Element] {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while elements.isEmpty, !isClosed { unsafe pthread_cond_wait(filled, mutex) }
        guard elements.count > limit else {
            let taken = elements
            elements = []
            elements.reserveCapacity(taken.count)
            return taken
        }
        let taken = Array(elements.prefix(limit))
        elements.removeFirst(limit)
        return taken
    }

    /// Refuses what comes from now on; what is queued is still taken.
    ///
    /// Legal twice.
    package func close() {
        unsafe pthread_mutex_lock(mutex)
        isClosed = true
        let call = whenFilled
        unsafe pthread_cond_broadcast(filled)
        unsafe pthread_mutex_unlock(mutex)
        call?()
    }

    /// Whether it refuses what comes; something may still be queued.
    package var isShut: Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return isClosed
    }

    package var count: Int {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return elements.count
    }
}
