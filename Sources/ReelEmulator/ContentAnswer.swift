internal import ReelHTTP
internal import ReelRuntime

/// An answer that carries a file or a part of it, and how its bytes go wrong.
struct ContentAnswer: Sendable {
    /// What the bytes are written by.
    struct Pace: Sendable {
        var pieceByteCount = 64 << 10
        /// The wait after each piece; zero for as fast as the client reads.
        var pause: Duration = .zero
    }

    let status: HTTPStatus
    let fields: HTTPFields
    let media: EmulatedMedia
    /// The bytes that are meant to be written.
    let range: Range<Int>
    /// How many bytes more than these `Content-Length` promises.
    let excess: Int
    /// Where writing ends before the range does; nil writes all of it.
    let stopsAt: Int?
    /// How long the connection is kept after a stop, before it is closed.
    let stall: Duration
    let pace: Pace

    /// Works out the answer to a request for content.
    ///
    /// - Throws: `APIError` 416 for a range that lies outside the file.
    init(
        _ media: EmulatedMedia,
        tag: String,
        request: HTTPRequest,
        faults: FaultPlan.ContentFaults,
        rates: EmulatorFaults
    ) throws(APIError) {
        self.media = media
        var fields: HTTPFields = [
            "Content-Type": media.contentType,
            "ETag": tag,
            "Accept-Ranges": "bytes",
        ]
        var range = 0..<media.byteCount
        var status = HTTPStatus.ok
        if !faults.ignoresRange, Self.mayUseRange(request.fields, tag: tag) {
            let asked = request.fields.only("Range")
            switch HTTPByteRange.parse(asked, size: Int64(media.byteCount)) {
            case .whole: break
            case .notSatisfiable: throw .unsatisfiableRange(size: media.byteCount)
            case .part(let part):
                range = Int(part.offsets.lowerBound)..<Int(part.offsets.upperBound)
                status = .partialContent
                fields.append("Content-Range", part.contentRange)
            }
        }
        var stopsAt: Int?
        var stall = Duration.zero
        var excess = 0
        switch faults.transfer {
        case nil: break
        case .cut(let fraction): stopsAt = Self.place(fraction, in: range)
        case .stall(let fraction):
            stopsAt = Self.place(fraction, in: range)
            stall = rates.stall
        case .shortLength(let fraction):
            range = range.lowerBound..<Self.place(fraction, in: range)
        case .longLength:
            excess = 1000
            stopsAt = range.upperBound
        }
        self.status = status
        self.fields = fields
        self.range = range
        self.stopsAt = stopsAt
        self.stall = stall
        self.excess = excess
        pace = faults.isSlow ? Self.slowPace(rates.slowBytesPerSecond) : Pace()
    }

    /// The response; `time` paces its body.
    func response(time: any TimeSource) -> HTTPResponse {
        let end = stopsAt ?? range.upperBound
        return HTTPResponse(
            status,
            fields: fields,
            body: .stream(byteCount: Int64(range.count + excess)) { [self] writer in
                var offset = range.lowerBound
                while offset < end {
                    let next = min(end, offset + pace.pieceByteCount)
                    try await writer.write(media.bytes(offset..<next))
                    offset = next
                    if pace.pause > .zero, offset < end { try await time.sleep(for: pace.pause) }
                }
                guard stopsAt != nil else { return }
                if stall > .zero { try await time.sleep(for: stall) }
                throw CancellationError()
            },
            closesConnection: stopsAt != nil
        )
    }

    /// RFC 9110, section 13.1.5: a range counts only when what `If-Range` names is still current,
    /// compared strongly; a date never is, since we send none.
    private static func mayUseRange(_ fields: HTTPFields, tag: String) -> Bool {
        guard fields.contains("If-Range") else { return true }
        return fields.only("If-Range") == tag
    }

    /// A place within a range that leaves at least one byte before and one after it, where it can.
    private static func place(_ fraction: Double, in range: Range<Int>) -> Int {
        guard range.count > 2 else { return range.lowerBound }
        return range.lowerBound + 1 + Int(fraction * Double(range.count - 2))
    }

    private static func slowPace(_ bytesPerSecond: Int) -> Pace {
        let rate = max(1, bytesPerSecond)
        // Ten pieces a second look like a thin line rather than like a stuttering one.
        let piece = max(1, rate / 10)
        return Pace(
            pieceByteCount: piece,
            pause: .milliseconds(1000 * piece / rate)
        )
    }
}
