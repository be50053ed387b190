import ReelHTTP
import Testing

struct MultipartFormTests {
    private static let type = "multipart/form-data; boundary=XX"
    private static let disposition = "Content-Disposition: form-data; name=\"a\"\r\n"

    private static func parse(
        _ text: String,
        type: String = type,
        limits: MultipartLimits = MultipartLimits()
    ) throws(MultipartError) -> [MultipartPart] {
        try MultipartForm.parse(Array(text.utf8), contentType: type, limits: limits)
    }

    @Test func `a form as clients send it is read`() throws {
        let parts = try Self.parse(
            """
            --XX\r
            Content-Disposition: form-data; name="prompt"\r
            \r
            A cat\r\n--X on a mat\r
            --XX \t\r
            content-disposition: Form-Data; filename="C:\\cat \\"1\\".png"; name=input_reference\r
            Content-Type: image/png\r
            Content-Transfer-Encoding: binary\r
            \r
            \r
            --XX--\r

            """
        )
        #expect(
            parts == [
                MultipartPart(name: "prompt", text: "A cat\r\n--X on a mat"),
                MultipartPart(
                    name: "input_reference",
                    fileName: "C:\\cat \"1\".png",
                    contentType: "image/png",
                    body: []
                ),
            ]
        )
    }

    @Test(arguments: [
        "multipart/form-data; boundary=XX", "MULTIPART/Form-Data ;\tboundary=\"XX\"",
        "multipart/form-data; charset=utf-8; Boundary=XX",
    ])
    func `the boundary is found in the content type`(type: String) throws {
        #expect(try Self.parse("--XX--", type: type).isEmpty)
        #expect(try Self.parse("\r\n--XX--\r\n", type: type).isEmpty)
    }

    @Test(
        arguments: [
            ("application/json", .notMultipart), ("multipart/mixed; boundary=XX", .notMultipart),
            ("", .notMultipart), ("multipart/form-data; boundary=XX; boundary=YY", .notMultipart),
            ("multipart/form-data boundary=XX", .notMultipart),
            ("multipart/form-data; =XX", .notMultipart),
            ("multipart/form-data; boundary=", .notMultipart),
            ("multipart/form-data; boundary=\"XX", .notMultipart),
            ("multipart/form-data", .invalidBoundary),
            ("multipart/form-data; boundary=\"\"", .invalidBoundary),
            ("multipart/form-data; boundary=\"XX \"", .invalidBoundary),
            ("multipart/form-data; boundary=\"X*X\"", .invalidBoundary),
            (
                "multipart/form-data; boundary=" + String(repeating: "X", count: 71),
                .invalidBoundary
            ),
        ] as [(String, MultipartError)]
    )
    func `a content type without a usable boundary is refused`(
        type: String,
        error: MultipartError
    ) {
        #expect(throws: error) { try Self.parse("--XX--", type: type) }
    }

    @Test(
        arguments: [
            ("", .missingStart), ("hello", .missingStart), ("--XY--", .missingStart),
            ("preamble\r\n--XX--", .missingStart), ("--XX", .missingEnd), ("--XX\r\n", .missingEnd),
            ("--XX\r\n" + disposition + "\r\nhello", .missingEnd),
            ("--XX\r\n" + disposition + "\r\nhello--XX--", .missingEnd),
            ("--XX\r\n" + disposition + "\r\nhello\n--XX--", .missingEnd),
            ("--XX\r\n" + disposition, .missingEnd),
            ("--XX\r\n" + disposition + "\r\n--XX--", .missingEnd),
            ("--XXY\r\n", .malformedDelimiter), ("--XX\n", .malformedDelimiter),
            ("--XX\r\n" + disposition + "\r\n\r\n--XXX\r\n", .malformedDelimiter),
            ("--XX--x", .trailingContent), ("--XX--\r\nepilogue", .trailingContent),
            ("--XX\r\n" + disposition + " folded\r\n\r\n\r\n--XX--", .malformedField),
            ("--XX\r\nName : a\r\n\r\n\r\n--XX--", .malformedField),
            ("--XX\r\nName\r\n\r\n\r\n--XX--", .malformedField),
            ("--XX\r\nName: a\n\r\n\r\n--XX--", .malformedField),
            ("--XX\r\nName: \0\r\n\r\n\r\n--XX--", .malformedField),
            ("--XX\r\n: a\r\n\r\n\r\n--XX--", .malformedField),
            ("--XX\r\n\r\n\r\n--XX--", .missingName),
            ("--XX\r\nContent-Disposition: form-data\r\n\r\n\r\n--XX--", .missingName),
            ("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--XX--", .missingName),
            ("--XX\r\n" + disposition + disposition + "\r\n\r\n--XX--", .missingName),
            (
                "--XX\r\n" + disposition + "Content-Transfer-Encoding: base64\r\n\r\n\r\n--XX--",
                .unsupportedEncoding
            ),
        ] as [(String, MultipartError)]
    )
    func `a malformed form is refused`(text: String, error: MultipartError) {
        #expect(throws: error) { try Self.parse(text) }
    }

    @Test func `parts and their header lines have limits`() throws {
        var limits = MultipartLimits()
        limits.partCountMax = 2
        limits.partFieldsByteCountMax = 64
        let part = "--XX\r\n" + Self.disposition + "\r\nb\r\n"
        #expect(try Self.parse(part + part + "--XX--", limits: limits).count == 2)
        #expect(throws: MultipartError.tooManyParts) {
            try Self.parse(part + part + part + "--XX--", limits: limits)
        }
        let long = "--XX\r\nA: " + String(repeating: "b", count: 64)
        #expect(throws: MultipartError.fieldsTooLarge) { try Self.parse(long, limits: limits) }
    }

    @Test func `what is written is read back`() throws {
        let parts = [
            MultipartPart(name: "prompt", text: "naïve\r\n\"quoted\""),
            MultipartPart(
                name: "input",
                fileName: "é.png",
                contentType: "image/png",
                body: [0, 13, 10, 45, 45, 255]
            ),
        ]
        let body = MultipartForm.encode(parts, boundary: "b0")
        let type = MultipartForm.contentType(boundary: "b0")
        #expect(try MultipartForm.parse(body, contentType: type) == parts)
        #expect(parts[0].text == "naïve\r\n\"quoted\"")
        #expect(parts[1].text == nil)
    }

    @Test func `no name can end its field`() throws {
        let part = MultipartPart(
            name: "a\"; filename=\"x",
            contentType: "text/plain\r\nX: y",
            body: []
        )
        let body = MultipartForm.encode([part], boundary: "b0")
        let read = try MultipartForm.parse(body, contentType: "multipart/form-data; boundary=b0")
        #expect(read.count == 1)
        #expect(read.first?.fileName == nil)
        #expect(read.first?.name == "a%22; filename=%22x")
        #expect(read.first?.contentType == "text/plain  X: y")
    }
}
