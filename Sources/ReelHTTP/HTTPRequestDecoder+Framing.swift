extension HTTPRequestDecoder {
    /// Decides how the content is delimited (RFC 9112, section 6.3) and what is read next.
    mutating func decideFraming() throws(HTTPRule) {
        if let transferEncoding = head.transferEncoding {
            guard head.contentLength == nil else { throw .lengthAndTransferEncoding }
            guard head.version == .http11 else { throw .transferEncodingOnHTTP10 }
            try checkTransferEncoding(transferEncoding)
            state = .chunkLine
        } else if let contentLength = head.contentLength {
            let length = try length(in: contentLength)
            guard length <= limits.bodyByteCountMax else { throw .bodyTooLarge }
            state = length > 0 ? .fixedBody(remaining: length) : .complete
        } else {
            state = .complete
        }
        try decideExpectation()
    }

    /// An expectation of HTTP/1.0, or of a request without content, is passed over (RFC 9110,
    /// section 10.1.1).
    private mutating func decideExpectation() throws(HTTPRule) {
        guard let expectation = head.expectation, head.version == .http11 else { return }
        guard equals(expectation, "100-continue") else { throw .unknownExpectation }
        if case .complete = state { return }
        head.expectsContinue = true
    }

    private func length(in range: Range<Int>) throws(HTTPRule) -> Int {
        guard !buffer[range].contains(UInt8(ascii: ",")) else { throw .duplicateContentLength }
        guard (1...19).contains(range.count) else { throw .invalidContentLength }
        var length = 0
        for index in range {
            guard isDigit(buffer[index]) else { throw .invalidContentLength }
            let digit = Int(buffer[index] - 0x30)
            let (product, overflows) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflowsToo) = product.addingReportingOverflow(digit)
            guard !overflows, !overflowsToo else { throw .invalidContentLength }
            length = sum
        }
        return length
    }

    /// Takes exactly `chunked`; a registered coding before it gets a status of its own.
    private func checkTransferEncoding(_ value: Range<Int>) throws(HTTPRule) {
        if equals(value, "chunked") { return }
        let codings = listElements(value)
        guard codings.count > 1, let last = codings.last, equals(last, "chunked"),
            codings.dropLast().allSatisfy(isRegisteredCoding)
        else { throw .invalidTransferEncoding }
        throw .unsupportedTransferCoding
    }

    private func isRegisteredCoding(_ coding: Range<Int>) -> Bool {
        equals(coding, "gzip") || equals(coding, "deflate") || equals(coding, "compress")
            || equals(coding, "x-gzip") || equals(coding, "x-compress")
    }
}
