import ReelHTTP
import ReelRuntime
import Testing

@testable import ReelS3

/// The examples that the Amazon S3 API Reference works out, all of 2013-05-24 at midnight UTC.
struct S3SignerTests {
    private let moment = Timestamp(secondsSinceEpoch: 1_369_353_600)

    private func signer(token: String? = nil) throws -> S3Signer {
        let credentials = try #require(
            S3Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                sessionToken: token
            )
        )
        return S3Signer(credentials: credentials, region: "us-east-1")
    }

    @Test(
        arguments: [
            (
                .get, "/test.txt", ["Range": "bytes=0-9"], S3Client.emptySHA256,
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                .put, "/test%24file.text",
                [
                    "Date": "Fri, 24 May 2013 00:00:00 GMT",
                    "x-amz-storage-class": "REDUCED_REDUNDANCY",
                ],
                "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            (
                .get, "/?lifecycle", [:], S3Client.emptySHA256,
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            ),
            (
                .get, "/?max-keys=2&prefix=J", [:], S3Client.emptySHA256,
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ] as [(HTTPMethod, String, HTTPFields, String, String)]
    )
    func `the published examples are signed as published`(
        _ method: HTTPMethod,
        _ target: String,
        _ fields: HTTPFields,
        _ digest: String,
        _ signature: String
    ) throws {
        let url = try #require(HTTPURL("https://examplebucket.s3.amazonaws.com" + target))
        var fields = fields
        try signer().sign(method, url, &fields, contentSHA256: digest, at: moment)
        let header = try #require(fields.only("Authorization"))
        #expect(header.hasSuffix("Signature=" + signature))
        #expect(
            header.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
            )
        )
    }

    @Test func `the published link is signed as published`() throws {
        let url = try #require(HTTPURL("https://examplebucket.s3.amazonaws.com/test.txt"))
        let link = try signer().presigned(.get, url, lifetime: .seconds(86_400), at: moment)
        #expect(
            link.hasSuffix(
                "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
            )
        )
    }

    @Test func `a link lasts a second at least and a week at most`() throws {
        let url = try #require(HTTPURL("https://h/b"))
        for (span, seconds) in [(Duration.zero, 1), (.seconds(604_801), 604_800)] {
            let link = try signer().presigned(.get, url, lifetime: span, at: moment)
            #expect(link.contains("&X-Amz-Expires=\(seconds)&"))
        }
    }

    @Test func `a session's token is sent and covered`() throws {
        let url = try #require(HTTPURL("https://h:8443/b"))
        var fields: HTTPFields = ["B": " a   b ", "a": "1"]
        try signer(token: "t0k3n").sign(
            .get,
            url,
            &fields,
            contentSHA256: S3Client.emptySHA256,
            at: moment
        )
        #expect(fields.only("x-amz-security-token") == "t0k3n")
        let header = try #require(fields.only("Authorization"))
        #expect(
            header.contains(
                "SignedHeaders=a;b;host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"
            )
        )
        let link = try signer(token: "t0k3n").presigned(
            .get,
            url,
            lifetime: .seconds(5),
            at: moment
        )
        #expect(link.contains("&X-Amz-Security-Token=t0k3n&"))
    }

    @Test func `credentials show themselves nowhere`() throws {
        let credentials = try signer().credentials
        #expect("\(credentials)" == "<redacted>")
        var dump = ""
        Swift.dump(credentials, to: &dump)
        #expect(!dump.contains("wJalr"))
        #expect(S3Credentials(accessKeyID: "a b", secretAccessKey: "c", sessionToken: nil) == nil)
        #expect(S3Credentials(accessKeyID: "a", secretAccessKey: "", sessionToken: nil) == nil)
    }
}
