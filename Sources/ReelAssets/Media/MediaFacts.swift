/// What a file was found to be.
package struct MediaFacts: Sendable, Hashable {
    package let format: MediaFormat
    /// Of a video, as its header says; nil where the header does not.
    package let duration: Duration?
    /// In pixels; nil where the header does not say.
    package let width: Int?
    package let height: Int?

    package init(format: MediaFormat, duration: Duration? = nil, width: Int?, height: Int?) {
        self.format = format
        self.duration = duration
        self.width = width
        self.height = height
    }

    package var contentType: String { format.contentType }
}
