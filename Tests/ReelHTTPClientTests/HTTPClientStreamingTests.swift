import ReelHTTP
import ReelHTTPClient
import ReelRuntime
import TestSupport
import Testing

struct HTTPClientStreamingTests {
    /// Bytes that repeat after 4099, which no buffer's size is a multiple of.
    static func pattern(_ count: Int) -> [UInt8] {
        let block = (0..<4099).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += block }
        return Array(bytes[..<count])
    }

    @Test func `a large body comes whole and in order through a small buffer`() async throws {
        let body = Self.pattern(8 << 20)
        let server = try ScriptedServer { _ in [.respond(200, [], body)] }
        var configuration = HTTPClientConfiguration()
        configuration.bufferByteCountMax = 64 << 10
        let client = HTTPClient(configuration: configuration)
        var request = HTTPClientRequest(.get, server.url)
        request.limits.bodyByteCountMax = body.count
        let stream = try await client.stream(request)
        #expect(stream.head.contentLength == Int64(body.count))
        var received: [UInt8] = []
        var largest = 0
        while let bytes = try await stream.next() {
            #expect(!bytes.isEmpty)
            largest = max(largest, bytes.count)
            received += bytes
        }
        let isSame = sameBytes(received, body)
        #expect(isSame)
        #expect(largest <= 64 << 10)
        #expect(try await stream.next() == nil)
    }

    @Test func `a transfer that nobody reads pauses, and is not slow for that`() async throws {
        let body = Self.pattern(16 << 20)
        let server = try ScriptedServer { request in
            request.target == "/stall" ? [.stall] : [.respond(200, [], body), .stall]
        }
        var configuration = HTTPClientConfiguration()
        configuration.bufferByteCountMax = 64 << 10
        let client = HTTPClient(configuration: configuration)
        var request = HTTPClientRequest(.get, server.url)
        request.limits.bodyByteCountMax = body.count
        request.limits.stallTimeout = .milliseconds(300)
        let stream = try await client.stream(request)
        // Another transfer takes several stall times until it reaches its own limit.
        var clock = HTTPClientRequest(.get, server.url + "/stall")
        clock.limits.totalTimeout = .milliseconds(1000)
        await #expect(throws: HTTPClientError.timedOut) { try await client.send(clock) }
        var received: [UInt8] = []
        while let bytes = try await stream.next() { received += bytes }
        let isSame = sameBytes(received, body)
        #expect(isSame)
    }

    @Test(.timeLimit(.minutes(1)), arguments: [(5000, 0), (20_000, 1)])
    func `a transfer below the least speed is cut, by each span of its own`(
        _ byteCount: Int,
        _ spansLeast: Int
    ) async throws {
        let gates = (0..<4).map { _ in ScriptedServer.Gate() }
        let server = try ScriptedServer { _ in
            [.text("HTTP/1.1 200 OK\r\n\r\n"), .send(Self.pattern(byteCount))]
                + gates.flatMap { [.wait($0), .send([1])] } + [.stall]
        }
        let time = ManualTime()
        let client = HTTPClient(time: time)
        var request = HTTPClientRequest(.get, server.url)
        request.limits.totalTimeout = .seconds(3600)
        request.limits.stallTimeout = .seconds(10)
        request.limits.slowestBytesPerSecond = 1000
        let stream = try await client.stream(request)
        var left = byteCount
        while left > 0, let bytes = try await stream.next() { left -= bytes.count }
        // Bytes go on coming, and too few of them; the clock alone would not wake the client.
        var spans = 0
        await #expect(throws: HTTPClientError.timedOut) {
            for gate in gates {
                time.advance(by: .seconds(10))
                gate.open()
                _ = try await stream.next()
                spans += 1
            }
        }
        #expect(spans >= spansLeast)
        server.stop()
    }

    @Test func `cancelling a stream ends the connection`() async throws {
        let server = try ScriptedServer { _ in [.text("HTTP/1.1 200 OK\r\n\r\na"), .stall] }
        let client = HTTPClient()
        let stream = try await client.stream(HTTPClientRequest(.get, server.url))
        stream.cancel()
        stream.cancel()
        await #expect(throws: HTTPClientError.cancelled) { try await stream.next() }
        // The origin's only place is free again once the transfer is gone.
        await client.stop()
    }

    @Test func `cancelling the task ends the wait for the head`() async throws {
        let server = try ScriptedServer { _ in [.stall] }
        let client = HTTPClient()
        let url = server.url
        let task = Task { try await client.send(HTTPClientRequest(.get, url)) }
        await condition { !server.requests.isEmpty }
        task.cancel()
        await #expect(throws: HTTPClientError.cancelled) { try await task.value }
    }

    @Test func `cancelling the task ends the wait for content`() async throws {
        let server = try ScriptedServer { _ in [.text("HTTP/1.1 200 OK\r\n\r\na"), .stall] }
        let client = HTTPClient()
        let stream = try await client.stream(.patient(server.url))
        #expect(try await stream.next() == [97])
        let task = Task { try await stream.next() }
        await Task.yield()
        task.cancel()
        await #expect(throws: HTTPClientError.cancelled) { try await task.value }
    }

    @Test func `a task that is cancelled already sends nothing for long`() async throws {
        let server = try ScriptedServer { _ in [.stall] }
        let client = HTTPClient()
        let url = server.url
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await client.send(HTTPClientRequest(.get, url))
        }
        await #expect(throws: HTTPClientError.cancelled) { try await task.value }
    }

    @Test func `a stream that is let go frees its place`() async throws {
        let server = try ScriptedServer { request in
            request.target == "/stall"
                ? [.text("HTTP/1.1 200 OK\r\n\r\na"), .stall] : [.respond(200, [], [1])]
        }
        var configuration = HTTPClientConfiguration()
        configuration.transferCountMax = 1
        let client = HTTPClient(configuration: configuration)
        do {
            _ = try await client.stream(HTTPClientRequest(.get, server.url + "/stall"))
        }
        let response = try await client.send(HTTPClientRequest(.get, server.url))
        #expect(response.body == [1])
    }

    @Test func `more transfers than an origin may have wait, and more than may wait are refused`()
        async throws
    {
        let gate = ScriptedServer.Gate()
        let server = try ScriptedServer { _ in [.wait(gate), .respond(200, [], [1])] }
        var configuration = HTTPClientConfiguration()
        configuration.transferCountMax = 3
        configuration.transferCountMaxPerOrigin = 2
        configuration.waitingCountMax = 2
        let client = HTTPClient(configuration: configuration)
        let url = server.url
        let results = await withTaskGroup(of: Result<[UInt8], any Error>.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await Result { try await client.send(HTTPClientRequest(.get, url)).body }
                }
            }
            var results: [Result<[UInt8], any Error>] = []
            // Three are refused at once: the rest is held by the gate.
            for await result in group {
                results.append(result)
                if results.count == 3 {
                    await condition { server.requests.count == 2 }
                    gate.open()
                }
            }
            return results
        }
        let bodies = results.compactMap { try? $0.get() }
        #expect(bodies == Array(repeating: [1], count: 5))
        #expect(server.connectionCount == 2)
        for result in results {
            guard case .failure(let error) = result else { continue }
            #expect(error as? HTTPClientError == .overloaded)
        }
    }

    @Test func `many transfers at once keep their bytes apart`() async throws {
        let server = try ScriptedServer { request in
            let seed = Int(request.target.dropFirst()) ?? 0
            return [.respond(200, [], Self.pattern(200_000 + seed))]
        }
        let client = HTTPClient()
        let url = server.url
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<40 {
                group.addTask {
                    let response = try await client.send(
                        HTTPClientRequest(.get, url + "/\(index)")
                    )
                    return sameBytes(response.body, Self.pattern(200_000 + index))
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(server.connectionCount <= 16)
    }

    /// Lets other tasks run until something holds.
    private func condition(_ holds: () -> Bool) async {
        while !holds() { await Task.yield() }
    }
}
