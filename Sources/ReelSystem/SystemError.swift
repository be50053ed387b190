internal import CReelLinux

/// A system call that failed.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, such as `open`.
    package let function: String
    /// The value of `errno`.
    package let number: Int32

    package init(function: String, number: Int32) {
        self.function = function
        self.number = number
    }

    /// The symbol, such as `ENOENT`: a fixed set, and so fit for a metric's label.
    package var name: String {
        guard let name = unsafe creellinux_error_name(number) else { return "\(number)" }
        return unsafe String(cString: name)
    }

    /// The call, the symbol and the C library's words for it; names no path.
    package var description: String {
        guard let text = unsafe creellinux_error_text(number) else { return "\(function): \(name)" }
        return unsafe "\(function): \(String(cString: text)) (\(name))"
    }
}
