internal import Glibc

/// A new directory that is removed, with all that is in it, when the last reference goes.
///
/// Keep the object for as long as the path is used: `withExtendedLifetime` or a stored property.
package final class TemporaryDirectory: Sendable {
    /// The absolute path, without a slash at its end.
    package let path: String

    package init() throws {
        var template = Array("/tmp/reelhook-test-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
        }
        let name = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        guard made else { throw FileTree.Failure("mkdtemp", name, errno) }
        path = name
    }

    deinit { FileTree.remove(path) }

    /// The path of a name inside it.
    package func file(_ name: String) -> String { path + "/" + name }
}
