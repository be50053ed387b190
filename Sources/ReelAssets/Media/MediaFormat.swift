/// The formats that a provider's files come in.
package enum MediaFormat: String, Sendable, Hashable, CaseIterable {
    case mp4
    case quickTime
    case webM
    case webP
    case jpeg
    case png

    package var contentType: String {
        switch self {
        case .mp4: "video/mp4"
        case .quickTime: "video/quicktime"
        case .webM: "video/webm"
        case .webP: "image/webp"
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        }
    }

    /// The end of a file's name, without the full stop.
    package var fileExtension: String {
        switch self {
        case .mp4: "mp4"
        case .quickTime: "mov"
        case .webM: "webm"
        case .webP: "webp"
        case .jpeg: "jpg"
        case .png: "png"
        }
    }

    package var isVideo: Bool {
        switch self {
        case .mp4, .quickTime, .webM: true
        case .webP, .jpeg, .png: false
        }
    }

    /// The format whose content type that is.
    package init?(contentType: String) {
        guard let known = Self.allCases.first(where: { $0.contentType == contentType }) else {
            return nil
        }
        self = known
    }
}
