package import ReelObservability

/// The log of a service that was not handed another: standard error, never blocking.
package enum StandardErrorLog {
    package static func sink(isJSON: Bool) -> any LogSink {
        BufferedStandardErrorSink(format: isJSON ? .json : .text(isColoured: false))
    }
}
