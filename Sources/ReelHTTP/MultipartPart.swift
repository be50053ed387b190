/// One part of a form (RFC 7578, section 4).
package struct MultipartPart: Sendable, Hashable {
    package let name: String
    /// What the sender calls the file; never a path to write to.
    package let fileName: String?
    /// As it was sent; nil means text.
    package let contentType: String?
    package let body: [UInt8]

    package init(
        name: String,
        fileName: String? = nil,
        contentType: String? = nil,
        body: [UInt8]
    ) {
        self.name = name
        self.fileName = fileName
        self.contentType = contentType
        self.body = body
    }

    /// A plain field.
    package init(name: String, text: String) {
        self.init(name: name, body: Array(text.utf8))
    }

    /// The content as text; nil when it is not UTF-8.
    package var text: String? { String(validating: body, as: UTF8.self) }
}
