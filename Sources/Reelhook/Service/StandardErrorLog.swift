package import ReelObservability

/// The log of a service that was not handed another: standard error, never blocking.
package enum StandardErrorLog {
    /// A sink for one service, one line for each record.
    package static func sink(isJSON: Bool) -> any LogSink {
        BufferedStandardErrorSink(format: isJSON ? .json : .text(isColoured: false))
    }
}
