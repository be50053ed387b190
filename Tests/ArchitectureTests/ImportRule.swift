/// A target imports what the table of rooms lets it, each C library has one importer, and only the
/// library's face shows what it imports.
struct ImportRule {
    private let mayImport: [String: Set<String>]
    /// What a test target's entry in the manifest names.
    private let testDependencies: [String: Set<String>]

    init(
        mayImport: [String: Set<String>] = Rooms.mayImport,
        testDependencies: [String: Set<String>]
    ) {
        self.mayImport = mayImport
        self.testDependencies = testDependencies
    }

    /// An import as it stands in a file.
    struct Import {
        let line: Int
        let access: String?
        let isExported: Bool
        let isTestable: Bool
        let module: String
    }

    static func imports(of file: SourceFile) -> [Import] {
        Set(file.text.offsets(of: "import ", in: .code).map(file.text.line)).sorted().compactMap {
            line in
            var words = file.text.code[line].split(separator: " ").map(String.init)
            var attributes: Set<String> = []
            while let word = words.first, word.hasPrefix("@") {
                attributes.insert(words.removeFirst())
            }
            var access: String?
            if let word = words.first,
                ["public", "package", "internal", "private", "fileprivate"]
                    .contains(word)
            {
                access = words.removeFirst()
            }
            guard words.first == "import", let name = words.last, words.count > 1 else {
                return nil
            }
            return Import(
                line: line,
                access: access,
                isExported: attributes.contains("@_exported"),
                isTestable: attributes.contains("@testable"),
                module: String(name.prefix { $0 != "." })
            )
        }
    }

    func violations(in file: SourceFile) -> [Violation] {
        guard !file.target.isEmpty else { return [] }
        return Self.imports(of: file).flatMap { found in
            rules(file, found).map { file.violation(found.line, $0) }
        }
    }

    private func rules(_ file: SourceFile, _ found: Import) -> [String] {
        var rules: [String] = []
        let tests = Rooms.testedElsewhere[found.module] ?? found.module + "Tests"
        if found.isTestable, file.target != tests {
            rules.append("@testable import of another room: what its users need is `package`")
        }
        guard !file.isTest else {
            let known = (testDependencies[file.target] ?? []).union(Rooms.toolchainForTests)
            if !known.contains(found.module) {
                rules.append("\(file.target) imports \(found.module) and does not depend on it")
            }
            return rules
        }
        guard let known = mayImport[file.target] else {
            return rules + ["\(file.target) is not in the table of rooms"]
        }
        if !known.contains(found.module), !Rooms.toolchain.contains(found.module) {
            rules.append("\(file.target) may not import \(found.module)")
        }
        if found.access == nil { rules.append("an import without an access level") }
        if found.access == "public", !["ReelEvents", "Reelhook"].contains(file.target) {
            rules.append("a public import outside the library's face")
        }
        if found.isExported, file.path != "Sources/Reelhook/Exports.swift" {
            rules.append("@_exported outside Exports.swift")
        }
        return rules
    }

    /// Each C library in the table belongs to one Swift target.
    static func sharedLibraries(in mayImport: [String: Set<String>]) -> [String] {
        var owners: [String: [String]] = [:]
        for (target, modules) in mayImport {
            for module in modules where module.hasPrefix("CReel") {
                owners[module, default: []].append(target)
            }
        }
        return owners.filter { $0.value.count > 1 }.map(\.key).sorted()
    }
}
