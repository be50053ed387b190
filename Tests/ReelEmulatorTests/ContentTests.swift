import ReelCrypto
import ReelHTTP
import ReelJSON
import ReelRuntime
import TestSupport
import Testing

@testable import ReelEmulator

struct ContentTests {
    @Test(arguments: [
        ("video", "video/mp4"), ("thumbnail", "image/webp"), ("spritesheet", "image/jpeg"),
    ])
    func `each variant has its type and its declared length`(
        variant: String,
        type: String
    ) async throws {
        let fixture = EmulatorFixture()
        let id = try await fixture.createCompleted()
        let response = try await fixture.get("/v1/videos/\(id)/content?variant=\(variant)")
        #expect(response.status == .ok)
        #expect(response.fields["Content-Type"] == type)
        #expect(response.fields["Accept-Ranges"] == "bytes")
        #expect(response.fields["ETag"] != nil)
        let download = await response.download()
        #expect(download.declaredByteCount == Int64(download.bytes.count))
        #expect(!download.isCut)
    }

    @Test func `the digest that the control surface tells is that of the content`() async throws {
        let fixture = EmulatorFixture { $0.contentByteCountMin = 300_000 }
        let id = try await fixture.createCompleted()
        let bytes = try await fixture.get("/v1/videos/\(id)/content").download().bytes
        let files = try await fixture.get("/emulator/videos").json()["data"]?.array?.first?["files"]
        #expect(bytes.count == 300_000)
        #expect(files?["video"]?["bytes"]?.integer == 300_000)
        #expect(files?["video"]?["sha256"]?.string == hexadecimal(SHA256.hash(bytes)))
    }

    @Test func `two videos have different files`() async throws {
        let fixture = EmulatorFixture()
        let first = try await fixture.createCompleted()
        let second = try await fixture.createCompleted()
        for variant in ["video", "spritesheet"] {
            let one = try await fixture.get("/v1/videos/\(first)/content?variant=\(variant)")
            let other = try await fixture.get("/v1/videos/\(second)/content?variant=\(variant)")
            #expect(await one.download().bytes != other.download().bytes)
        }
    }

    @Test func `content is refused before the end, after expiry and for no such variant`()
        async throws
    {
        let fixture = EmulatorFixture { $0.expireAfter = .seconds(60) }
        let id = try await fixture.create()
        #expect(try await fixture.get("/v1/videos/\(id)/content").status == .badRequest)
        fixture.time.advance(by: .seconds(69))
        #expect(try await fixture.get("/v1/videos/\(id)/content").status == .ok)
        let wrong = try await fixture.get("/v1/videos/\(id)/content?variant=sound")
        #expect(try await wrong.errorCode() == "invalid_value")
        fixture.time.advance(by: .seconds(1))
        let late = try await fixture.get("/v1/videos/\(id)/content")
        #expect(late.status == .notFound)
        let error = try await late.json()["error"]
        #expect(error?["type"] == .string("invalid_request_error"))
        #expect(error?["code"] == .null)
        #expect(error?["message"]?.string?.contains("1 hour") == true)
        #expect(try await fixture.get("/v1/videos/\(id)").status == .ok)
    }

    @Test func `a range is answered with its part, a wrong one with the size`() async throws {
        let fixture = EmulatorFixture()
        let path = "/v1/videos/\(try await fixture.createCompleted())/content"
        let whole = try await fixture.get(path).download().bytes
        let tag = try #require(try await fixture.get(path).fields["ETag"])

        let middle = try await fixture.get(path, ["Range": "bytes=100-199"])
        #expect(middle.status == .partialContent)
        #expect(middle.fields["Content-Range"] == "bytes 100-199/\(whole.count)")
        #expect(await middle.download().bytes == Array(whole[100..<200]))

        let rest = try await fixture.get(path, ["Range": "bytes=20000-", "If-Range": tag])
        #expect(await rest.download().bytes == Array(whole[20000...]))

        let changed = try await fixture.get(path, ["Range": "bytes=20000-", "If-Range": "\"x\""])
        #expect(changed.status == .ok)
        #expect(await changed.download().bytes == whole)

        let beyond = try await fixture.get(path, ["Range": "bytes=999999-"])
        #expect(beyond.status == .rangeNotSatisfiable)
        #expect(beyond.fields["Content-Range"] == "bytes */\(whole.count)")
    }

    @Test func `a cut body is shorter than declared, and the rest can be had`() async throws {
        let fixture = EmulatorFixture { $0.faults.cutTransfers = .always }
        let path = "/v1/videos/\(try await fixture.createCompleted())/content"
        let response = try await fixture.get(path)
        let cut = await response.download()
        #expect(cut.isCut)
        #expect(response.closesConnection)
        #expect(!cut.bytes.isEmpty)
        #expect(Int64(cut.bytes.count) < cut.declaredByteCount ?? 0)

        _ = try await fixture.send(.put, "/emulator/faults", body: Array(#"{"cut": 0}"#.utf8))
        let rest = try await fixture.get(path, ["Range": "bytes=\(cut.bytes.count)-"]).download()
        let whole = try await fixture.get(path).download()
        #expect(cut.bytes + rest.bytes == whole.bytes)
    }

    @Test func `a stalled body holds the connection and then closes it`() async throws {
        let fixture = EmulatorFixture { $0.faults.stalledTransfers = .always }
        let path = "/v1/videos/\(try await fixture.createCompleted())/content"
        let response = try await fixture.get(path)
        async let stalled = response.download()
        await fixture.time.waitForSleepers()
        fixture.time.advance(by: .seconds(60))
        #expect(await stalled.isCut)
    }

    @Test func `a short length is well framed and not whole`() async throws {
        let fixture = EmulatorFixture { $0.faults.shortLengths = .always }
        let id = try await fixture.createCompleted()
        let download = try await fixture.get("/v1/videos/\(id)/content").download()
        #expect(!download.isCut)
        #expect(download.declaredByteCount == Int64(download.bytes.count))
        let whole = EmulatedMedia(.video, videoID: id, byteCountMin: 0)
        #expect(download.bytes.count < whole.byteCount)
    }

    @Test func `an ignored range and a changed tag are what they say`() async throws {
        let fixture = EmulatorFixture {
            $0.faults.ignoredRanges = .always
            $0.faults.changedTags = .always
        }
        let path = "/v1/videos/\(try await fixture.createCompleted())/content"
        let first = try await fixture.get(path, ["Range": "bytes=100-"])
        let second = try await fixture.get(path)
        #expect(first.status == .ok)
        #expect(first.fields["ETag"] != second.fields["ETag"])
    }

    @Test func `a slow body waits between its pieces`() async throws {
        let fixture = EmulatorFixture {
            $0.faults.slowTransfers = .always
            $0.faults.slowBytesPerSecond = 200_000
        }
        let id = try await fixture.createCompleted()
        let response = try await fixture.get("/v1/videos/\(id)/content")
        let start = fixture.time.uptime()
        async let slow = response.download()
        await fixture.time.waitForSleepers()
        fixture.time.advance(by: .milliseconds(100))
        let download = await slow
        #expect(!download.isCut)
        #expect(fixture.time.uptime() - start == .milliseconds(100))
    }

    @Test func `a missing variant is not found, and the video is there all the same`()
        async throws
    {
        let fixture = EmulatorFixture { $0.faults.missingVariants = .always }
        let path = "/v1/videos/\(try await fixture.createCompleted())/content"
        #expect(try await fixture.get(path + "?variant=thumbnail").status == .notFound)
        #expect(try await fixture.get(path + "?variant=spritesheet").status == .notFound)
        #expect(try await fixture.get(path).status == .ok)
    }
}
