import ReelHTTP
import ReelJSON
import ReelRuntime
import TestSupport
import Testing

@testable import ReelS3

/// The cases of AWS's public test suite for Signature Version 4 that S3's own rules allow: all but
/// those that want a path normalised, which S3 never does (`fixtures/s3/README.md`).
struct SigningCaseTests {
    /// 2015-08-30T12:36:00Z, the moment of all of them.
    private static let moment = Timestamp(secondsSinceEpoch: 1_440_938_160)
    private static let stamp = "20150830T123600Z"

    struct Case: CustomTestStringConvertible, Sendable {
        let json: JSONValue

        var testDescription: String { text("name") }

        func text(_ name: String) -> String { json[name]?.string ?? "" }

        func url() throws -> HTTPURL {
            try #require(HTTPURL("https://example.amazonaws.com" + text("target")))
        }

        func method() throws -> HTTPMethod { try #require(HTTPMethod(text("method"))) }

        /// What is sent beside `Host`, as the suite signs it.
        func fields() -> HTTPFields {
            var fields = HTTPFields()
            for pair in json["fields"]?.array ?? [] {
                fields.append(pair.array?[0].string ?? "", pair.array?[1].string ?? "")
            }
            fields.append("X-Amz-Date", stamp)
            if json["names_content"]?.bool == true {
                fields.append("x-amz-content-sha256", text("content_sha256"))
            }
            if let token = json["token"]?.string { fields.append("X-Amz-Security-Token", token) }
            return fields
        }

        func signer() throws -> S3Signer {
            let credentials = try #require(
                S3Credentials(
                    accessKeyID: "AKIDEXAMPLE",
                    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                    sessionToken: json["token"]?.string
                )
            )
            return S3Signer(credentials: credentials, region: "us-east-1", service: "service")
        }
    }

    private static func cases() throws -> [Case] {
        let json = try JSONParser.parse(try Fixture.bytes("s3/signing-cases.json"))
        return try #require(json.array).map { Case(json: $0) }
    }

    @Test func `every case is signed as the suite signs it`() throws {
        let cases = try Self.cases()
        #expect(cases.count == 27)
        for each in cases {
            let (url, fields) = (try each.url(), each.fields())
            let request = S3Signer.canonicalRequest(
                try each.method(),
                url,
                S3Signer.signedFields(url, fields),
                contentSHA256: each.text("content_sha256")
            )
            #expect(request == each.text("canonical"), "\(each.testDescription)")
            let authorization = try each.signer().authorization(
                try each.method(),
                url,
                fields,
                contentSHA256: each.text("content_sha256"),
                stamp: Self.stamp
            )
            #expect(
                authorization.hasSuffix("Signature=" + each.text("signature")),
                "\(each.testDescription)"
            )
        }
    }

    @Test func `every case that states its content is signed whole`() throws {
        let cases = try Self.cases().filter { $0.json["names_content"]?.bool == true }
        #expect(!cases.isEmpty)
        for each in cases {
            var fields = HTTPFields()
            for pair in each.json["fields"]?.array ?? [] {
                fields.append(pair.array?[0].string ?? "", pair.array?[1].string ?? "")
            }
            try each.signer().sign(
                try each.method(),
                try each.url(),
                &fields,
                contentSHA256: each.text("content_sha256"),
                at: Self.moment
            )
            let authorization = try #require(fields.only("Authorization"))
            #expect(authorization.hasSuffix("Signature=" + each.text("signature")))
        }
    }

    @Test func `every link is signed as the suite signs it`() throws {
        let cases = try Self.cases().filter { $0.json["link_signature"] != nil }
        #expect(cases.count >= 18)
        for each in cases {
            let url = try each.url()
            let link = try each.signer().presigned(
                try each.method(),
                url,
                query: url.target.queryItems,
                lifetime: .seconds(3600),
                at: Self.moment,
                contentSHA256: each.text("content_sha256")
            )
            #expect(
                link.hasSuffix("&X-Amz-Signature=" + each.text("link_signature")),
                "\(each.testDescription)"
            )
        }
    }
}
