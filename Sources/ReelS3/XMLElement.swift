internal import CReelExpat

/// An element of a small XML document: what S3 answers with.
///
/// Names come without their prefix of a namespace, attributes are left out.
struct XMLElement: Sendable, Hashable {
    let name: String
    /// The character data directly inside, white space at both ends removed.
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    /// The deepest nesting that is read; S3's answers have four levels.
    private static let depthMax = 16

    fileprivate init(name: String) {
        self.name = name
    }

    /// Reads a document of the size of an answer; nil when it is not well-formed, nests too deep,
    /// or has a document type, which may declare entities.
    init?(_ bytes: [UInt8]) {
        let reader = Reader(depthMax: Self.depthMax)
        guard let root = reader.read(bytes) else { return nil }
        self = root
    }

    /// The first child of that name.
    subscript(_ name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    func all(_ name: String) -> [XMLElement] {
        children.filter { $0.name == name }
    }

    /// Builds the elements from what the parser reports.
    private final class Reader {
        private let depthMax: Int
        private var open: [XMLElement] = []
        private var root: XMLElement?
        private var hasFailed = false

        init(depthMax: Int) {
            self.depthMax = depthMax
        }

        func read(_ bytes: [UInt8]) -> XMLElement? {
            guard bytes.count <= Int(Int32.max), let parser = unsafe XML_ParserCreate("UTF-8")
            else { return nil }
            defer { unsafe XML_ParserFree(parser) }
            // SAFETY: the parser calls back only inside `XML_Parse`, while `self` is alive.
            unsafe XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
            unsafe XML_SetElementHandler(
                parser,
                { context, name, _ in unsafe Reader.of(context)?.begin(name) },
                { context, _ in unsafe Reader.of(context)?.end() }
            )
            unsafe XML_SetCharacterDataHandler(parser) { context, text, count in
                unsafe Reader.of(context)?.take(text, Int(count))
            }
            unsafe XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
                unsafe Reader.of(context)?.hasFailed = true
            }
            let status = unsafe bytes.withUnsafeBytes { buffer in
                let text = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
                return unsafe XML_Parse(parser, text, Int32(buffer.count), 1)
            }
            return status == XML_STATUS_OK && !hasFailed ? root : nil
        }

        private static func of(_ context: UnsafeMutableRawPointer?) -> Reader? {
            // SAFETY: the context is the reader that is in `read`.
            unsafe context.map { unsafe Unmanaged<Reader>.fromOpaque($0).takeUnretainedValue() }
        }

        private func begin(_ name: UnsafePointer<CChar>?) {
            guard let name = unsafe name, open.count < depthMax else {
                hasFailed = true
                return
            }
            let full = unsafe String(cString: name)
            let local = full.split(separator: ":").last.map(String.init) ?? full
            open.append(XMLElement(name: local))
        }

        private func end() {
            guard !hasFailed, var element = open.popLast() else { return }
            element.text = element.text.trimmingBlanks()
            if open.isEmpty {
                root = element
            } else {
                open[open.count - 1].children.append(element)
            }
        }

        private func take(_ text: UnsafePointer<CChar>?, _ count: Int) {
            guard !hasFailed, !open.isEmpty else { return }
            // SAFETY: expat lends `count` bytes until the handler returns.
            let bytes = unsafe UnsafeRawBufferPointer(start: text, count: count)
            open[open.count - 1].text += unsafe String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension String {
    /// Without the white space of XML at both ends.
    fileprivate func trimmingBlanks() -> String {
        var bytes = Array(utf8)[...]
        while let byte = bytes.first, byte <= 0x20 { bytes.removeFirst() }
        while let byte = bytes.last, byte <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
