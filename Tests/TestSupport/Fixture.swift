/// The files under `fixtures/`, found from the place of this source file.
package enum Fixture {
    /// The absolute path of `fixtures`.
    package static let directory: String = {
        let steps = #filePath.split(separator: "/").dropLast(3)
        return "/" + steps.joined(separator: "/") + "/fixtures"
    }()

    /// The bytes of a file, named relative to `fixtures`.
    package static func bytes(_ name: String) throws -> [UInt8] {
        try FileTree.read(directory + "/" + name)
    }

    /// A file as text, named relative to `fixtures`; bytes that are not UTF-8 are replaced.
    package static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    /// The files of a folder whose names end in `suffix`, relative to `fixtures`, sorted.
    package static func names(in folder: String, suffix: String = "") throws -> [String] {
        try FileTree.list(directory + "/" + folder)
            .filter { $0.hasSuffix(suffix) }
            .map { folder + "/" + $0 }
    }
}
