internal import Glibc

extension FileSystem {
    /// Gives a file a second name on the same file system; a symbolic link is not followed.
    ///
    /// - Throws: What link(2) gives: `EXDEV` across file systems, `EEXIST` when the name is taken.
    package static func createHardLink(
        _ path: String,
        to target: String
    ) throws(SystemError) {
        try call("link") { unsafe link(target, path) }
    }
}
