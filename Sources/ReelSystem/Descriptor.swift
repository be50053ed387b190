internal import Glibc

/// An open file descriptor, owned once: it is closed when this value ends.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    /// Takes a descriptor over from the call that made it.
    init(owning number: Int32) {
        precondition(number >= 0, "a descriptor is not negative")
        self.number = number
    }

    deinit {
        // close(2): on Linux the descriptor is gone even when the call was interrupted, so it is
        // not made again, and no error of it can be acted on (what must be on disk was fsynced).
        let result = Glibc.close(number)
        precondition(result == 0 || errno != EBADF, "a descriptor was closed twice")
    }

    /// Gives the number up to a new owner, without closing it.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}
