package import ReelHTTPClient

/// What calls to a store may take.
package struct S3Limits: Sendable, Hashable {
    package var connectTimeout: Duration = .seconds(10)
    /// For a call that carries no content.
    package var callTimeout: Duration = .seconds(30)
    /// For one object or one part.
    package var transferTimeout: Duration = .seconds(3600)
    package var stallTimeout: Duration = .seconds(30)
    /// A transfer slower than this over the stall time is cut.
    package var slowestBytesPerSecond = 1024
    /// The largest answer in XML; a page of 1000 keys of 1024 bytes has 2 MB.
    package var answerByteCountMax = 8 << 20
    /// How often a request is sent again after a fault that may pass.
    package var retryCountMax = 3
    /// The first wait before that; it doubles, and a random part of it is waited.
    package var retryBase: Duration = .milliseconds(200)
    /// A store that asks for a longer wait is not waited for here: the caller is told instead.
    package var retryWaitMax: Duration = .seconds(10)
    /// Which addresses the endpoint's name may lead to; the operator's own choice by default.
    package var destinations = DestinationPolicy.any

    package init() {}
}
