import TestSupport

/// A Swift file of the package.
struct SourceFile: Sendable {
    /// Relative to the package, such as `Sources/ReelHTTP/HTTPMethod.swift`.
    let path: String
    let text: SwiftText

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = SwiftText(text)
    }

    /// The folder under `Sources` or `Tests`, which is the target's name.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var isTest: Bool { path.hasPrefix("Tests/") }

    /// A line of this file that breaks a rule, `line` counted from 0.
    func violation(_ line: Int, _ rule: String) -> Violation {
        Violation(path: path, line: line + 1, rule: rule)
    }

    /// Every Swift file under `Sources` and `Tests`, and the manifest.
    static let all: [SourceFile] = {
        let package = String(Fixture.directory.dropLast("/fixtures".count))
        var files: [SourceFile] = []
        func add(_ path: String) {
            guard path.hasSuffix(".swift") else {
                for name in (try? FileTree.list(package + "/" + path)) ?? [] where name.first != "."
                {
                    add(path + "/" + name)
                }
                return
            }
            guard let bytes = try? FileTree.read(package + "/" + path) else { return }
            files.append(SourceFile(path, String(decoding: bytes, as: UTF8.self)))
        }
        add("Package.swift")
        add("Sources")
        add("Tests")
        return files
    }()

    static var sources: [SourceFile] { all.filter { $0.path.hasPrefix("Sources/") } }
    static var tests: [SourceFile] { all.filter(\.isTest) }

    static var manifest: String {
        all.first { $0.path == "Package.swift" }?.text.lines.joined(separator: "\n") ?? ""
    }
}

/// A line that breaks a rule.
struct Violation: Hashable, Sendable, CustomStringConvertible {
    let path: String
    let line: Int
    let rule: String

    var description: String { "\(path):\(line): \(rule)" }
}
