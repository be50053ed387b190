/// A suspended task and the one right to resume it.
///
/// It stands for `UnsafeContinuation` on the loop, where a checked one would cost an allocation
/// for each request. Whoever holds it resumes it once.
// SAFETY: kept in one variable at a time, and taken out of it before it is resumed.
@safe
package struct Waiter<Value: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Value, Never>

    /// Lets the task go on; once.
    package func resume(returning value: Value) {
        unsafe continuation.resume(returning: value)
    }

    /// Suspends the task after `body` has put its waiter away.
    package static func wait(_ body: (Waiter) -> Void) async -> Value {
        await unsafe withUnsafeContinuation { continuation in
            body(unsafe Waiter(continuation: continuation))
        }
    }
}
