/// Decodes the requests of one connection, strictly by RFC 9110 and RFC 9112; does no I/O.
///
/// How to drive it, with one decoder for each connection:
///
///     decoder.feed(received)
///     loop: while true {
///         switch decoder.next() {
///         case .needMore: break loop  // and feed what is received next
///         case .continueExpected: write(HTTPResponseEncoder.continueHead)
///         case .request(let request, let keepAlive): await answer(request, keepAlive)
///         case .refused(let status, let rule): await answer(status), close
///         }
///     }
///
/// Feed only after `.needMore`: then it never holds more than its limits and one feed. Pipelined
/// requests come out one by one in their order. The result does not depend on how the bytes are
/// cut into feeds, so whatever is wrong is found at the same byte.
package struct HTTPRequestDecoder: Sendable {
    /// How far the current request has come, for the choice of a timeout.
    package enum Progress: Sendable {
        /// No byte of a request has come since the last one.
        case idle
        case head
        case body
        /// Refused, or the last request was to be the last.
        case ended
    }

    enum State {
        case requestLine
        case fields
        case fixedBody(remaining: Int)
        case chunkLine
        case chunkData(remaining: Int)
        case chunkEnd
        case trailer
        case complete
        case refused(HTTPRule)
        case ended
    }

    /// A buffer that has grown beyond this is not kept from one feed, or request, to the next.
    private static let keptCapacityMax = 32 << 10

    let limits: HTTPRequestLimits
    var state = State.requestLine
    /// The bytes that are not decoded yet begin at `position`; none before `scanned` ends a line.
    var buffer: [UInt8] = []
    var position = 0
    var scanned = 0
    /// Where the header section or the trailer begins in the buffer.
    var sectionStart = 0
    var emptyLineCount = 0
    var head = HTTPRequestHead()
    var body: [UInt8] = []
    var chunkExtensionByteCount = 0
    /// Whether head and content are those of a request that was handed out.
    private var hasFinished = false

    package init(limits: HTTPRequestLimits = HTTPRequestLimits()) {
        self.limits = limits
    }

    package var progress: Progress {
        switch state {
        case .requestLine: position < buffer.count ? .head : .idle
        case .fields: .head
        case .fixedBody, .chunkLine, .chunkData, .chunkEnd, .trailer, .complete: .body
        case .refused, .ended: .ended
        }
    }

    /// Takes in bytes as they were received.
    package mutating func feed(_ bytes: Span<UInt8>) {
        guard prepareToFeed() else { return }
        // SAFETY: the pointer does not leave the closure, which copies what it covers.
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
    }

    /// Takes in bytes as they were received.
    package mutating func feed(_ bytes: [UInt8]) {
        guard prepareToFeed() else { return }
        buffer.append(contentsOf: bytes)
    }

    /// Makes room by letting go of what is decoded; false when no more is decoded.
    private mutating func prepareToFeed() -> Bool {
        switch state {
        case .refused, .ended: return false
        case .fields, .trailer:
            // The section that is under way stays whole, since its fields are ranges in it.
            return true
        case .requestLine, .fixedBody, .chunkLine, .chunkData, .chunkEnd, .complete:
            guard position > 0 else { return true }
            if position == buffer.count {
                buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacityMax)
            } else {
                buffer.removeSubrange(0..<position)
            }
            scanned -= position
            position = 0
            return true
        }
    }

    /// The request whose content has not come yet, for who decides by its head alone whether the
    /// content is wanted; of use after `.continueExpected`.
    package var announcedRequest: HTTPRequest {
        HTTPRequest(
            method: head.method,
            target: head.target,
            version: head.version,
            fields: head.fields
        )
    }

    /// How long the content of the request that is under way is, or, where its length is not
    /// announced, how much there is of it with its framing.
    package var contentByteCount: Int {
        switch state {
        case .fixedBody(let remaining): body.count + remaining
        case .requestLine, .fields, .ended, .refused: 0
        case .chunkLine, .chunkData, .chunkEnd, .trailer, .complete: body.count + buffer.count
        }
    }

    /// Whether bytes are there that are not decoded yet.
    package var hasUndecodedBytes: Bool { position < buffer.count }

    /// What the bytes so far amount to; call it until it says `.needMore`.
    package mutating func next() -> HTTPDecoderOutput {
        do {
            return try advance()
        } catch {
            state = .refused(error)
            buffer = []
            (position, scanned) = (0, 0)
            return .refused(error.status, error)
        }
    }

    private mutating func advance() throws(HTTPRule) -> HTTPDecoderOutput {
        while true {
            switch state {
            case .requestLine:
                if hasFinished, position < buffer.count { beginRequest() }
                guard try readRequestLine() else { return .needMore }
            case .fields:
                guard try readFields() else { return .needMore }
                if head.expectsContinue { return .continueExpected }
            case .fixedBody(let remaining):
                guard readFixedBody(remaining) else { return .needMore }
            case .chunkLine: guard try readChunkLine() else { return .needMore }
            case .chunkData(let remaining):
                guard readChunkData(remaining) else { return .needMore }
            case .chunkEnd: guard try readChunkEnd() else { return .needMore }
            case .trailer: guard try readTrailer() else { return .needMore }
            case .complete: return finishRequest()
            case .refused(let rule): return .refused(rule.status, rule)
            case .ended: return .needMore
            }
        }
    }

    private mutating func readFixedBody(_ remaining: Int) -> Bool {
        let available = min(remaining, buffer.count - position)
        moveToBody(available, of: remaining)
        state = available == remaining ? .complete : .fixedBody(remaining: remaining - available)
        return available == remaining
    }

    /// Moves bytes from the buffer to the content.
    mutating func moveToBody(_ count: Int, of expected: Int) {
        guard count > 0 else { return }
        let range = position..<(position + count)
        if count < expected {
            // What a client announces is not set aside for it before it arrives.
            if body.isEmpty { body.reserveCapacity(min(expected, 64 << 10)) }
        }
        body.append(contentsOf: buffer[range])
        position += count
        scanned = position
    }

    /// Makes ready for the next request; what the last one holds is left to it, and what it let go
    /// of is used again.
    private mutating func beginRequest() {
        head.reset()
        body.removeAll(keepingCapacity: body.capacity <= Self.keptCapacityMax)
        chunkExtensionByteCount = 0
        hasFinished = false
    }

    private mutating func finishRequest() -> HTTPDecoderOutput {
        let keepAlive = head.keepAlive
        let request = HTTPRequest(
            method: head.method,
            target: head.target,
            version: head.version,
            fields: head.fields,
            body: body
        )
        hasFinished = true
        emptyLineCount = 0
        state = keepAlive ? .requestLine : .ended
        if !keepAlive {
            buffer = []
            (position, scanned) = (0, 0)
        }
        return .request(request, keepAlive: keepAlive)
    }

    /// The next line without its end, once it is there whole.
    ///
    /// Faults are found in the order of the bytes, the length's among them, however much is there.
    mutating func takeLine(
        atMost byteCountMax: Int,
        orElse tooLong: HTTPRule
    ) throws(HTTPRule) -> Range<Int>? {
        guard byteCountMax >= 0 else { throw tooLong }
        let bound = min(buffer.count, position + byteCountMax + 1)
        let stop = firstControlByte(buffer.span, from: scanned, to: bound)
        scanned = stop
        guard stop < bound else {
            guard stop - position <= byteCountMax else { throw tooLong }
            return nil
        }
        switch buffer[stop] {
        case 0x0D:
            guard stop + 1 < buffer.count else { return nil }
            guard buffer[stop + 1] == 0x0A else { throw .bareCR }
        case 0x0A: throw .bareLF
        default: throw .controlByte
        }
        let line = position..<stop
        position = stop + 2
        scanned = position
        return line
    }
}

/// Where the first control byte but the tab stands in the range, or the range's end.
private func firstControlByte(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
    var index = start
    while index < end {
        let byte = bytes[index]
        if byte < 0x20 && byte != 0x09 || byte == 0x7F { break }
        index += 1
    }
    return index
}
