internal import ReelJournal

/// The files of a video that are asked for and not here, and whether the event can do without.
///
/// The video is what everybody waits for. Where it is here, or nobody asked for it and another
/// file is, what is missing holds nothing up.
struct OpenFiles {
    /// A file to be had, with what is recorded of it.
    struct File {
        let variant: Variant
        let record: AssetRecord?
    }

    private(set) var video: File?
    private(set) var extras: [File] = []
    private var hasFile = false

    var isEmpty: Bool { video == nil && extras.isEmpty }
    var isEnough: Bool { video == nil && hasFile }
    var all: [File] { (video.map { [$0] } ?? []) + extras }

    mutating func add(_ variant: Variant, _ record: AssetRecord?) {
        let file = File(variant: variant, record: record)
        if variant.isVideo { video = file } else { extras.append(file) }
    }

    /// Takes a file that is here.
    mutating func noteFile() { hasFile = true }
}
