internal import ReelAssets

/// One of the files that a video comes in.
struct Variant: Hashable, Sendable {
    /// `video`, `thumbnail`, `spritesheet`, as the provider's `variant` parameter names it.
    let name: String

    /// Whether it is what the video was made for; the others hold nothing up.
    var isVideo: Bool { name == "video" }

    var medium: MediaInspector.Medium { isVideo ? .video : .image }

    /// The final name, such as `video.mp4`; the content type decides on its end.
    func fileName(contentType: String?) -> String {
        let format = contentType.flatMap { MediaFormat(contentType: $0) } ?? usualFormat
        return name + "." + format.fileExtension
    }

    private var usualFormat: MediaFormat {
        switch name {
        case "video": .mp4
        case "spritesheet": .jpeg
        default: .webP
        }
    }
}
