internal import Glibc

/// What a call on a non-blocking descriptor came to.
enum Attempt<Value> {
    case done(Value)
    case wouldBlock
}

/// Makes a system call: the one place where `errno` is read.
///
/// Interrupted calls are made again. A bad descriptor or address is our own fault and traps, since
/// going on would read or write a file that has come to be under the same number.
///
/// - Throws: The error that the call left in `errno`.
@inline(__always)
func attempt<Number: SignedInteger>(
    _ function: StaticString,
    _ body: () -> Number
) throws(SystemError) -> Attempt<Number> {
    while true {
        let result = body()
        if result >= 0 { return .done(result) }
        let number = errno
        switch number {
        case EINTR: continue
        case EAGAIN: return .wouldBlock
        default: throw failure(function, number)
        }
    }
}

/// Makes a system call on what blocks, or never has to wait.
///
/// - Throws: The error that the call left in `errno`, `EAGAIN` included.
@inline(__always)
@discardableResult
func call<Number: SignedInteger>(
    _ function: StaticString,
    _ body: () -> Number
) throws(SystemError) -> Number {
    switch try attempt(function, body) {
    case .done(let number): return number
    case .wouldBlock: throw SystemError(function: "\(function)", number: EAGAIN)
    }
}

/// Makes a call that returns its error rather than leaving it in `errno`, as those of
/// pthreads(7) and posix_spawn(3) do.
///
/// - Throws: The error returned.
func callReturningError(
    _ function: StaticString,
    _ body: () -> Int32
) throws(SystemError) {
    let number = body()
    guard number == 0 else { throw failure(function, number) }
}

/// The error to throw, after the numbers that only a fault of ours can cause have trapped.
private func failure(_ function: StaticString, _ number: Int32) -> SystemError {
    precondition(number != EBADF && number != EFAULT, "a system call was given a bad descriptor")
    return SystemError(function: "\(function)", number: number)
}
