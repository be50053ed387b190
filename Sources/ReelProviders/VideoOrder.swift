internal import ReelCrypto
internal import ReelHTTP
internal import ReelJSON

/// What a request body orders, whichever of its encodings it came in: JSON, multipart, and
/// multipart with bracketed names (`video[id]`), as the official SDKs write them.
///
/// It is read to be looked at; what goes to the provider is the body itself, unchanged.
package struct VideoOrder: Sendable, Hashable {
    /// A picture that a video is to begin with.
    package struct Picture: Sendable, Hashable {
        /// What it was said to be; nil when nothing was.
        package let contentType: String?
        package let bytes: [UInt8]
    }

    package private(set) var prompt: String?
    package private(set) var seconds: String?
    package private(set) var model: String?
    package private(set) var size: String?
    /// The video that it is made from, by its id.
    package private(set) var sourceID: String?
    /// The picture in `input_reference`, when it is in the body itself.
    package private(set) var picture: Picture?

    /// Reads a body; nil when it is in none of the encodings, or broken.
    package init?(_ creation: VideoCreation) {
        let type = MediaTypeName(creation.contentType)
        if type.isJSON {
            guard let json = try? JSONParser.parse(creation.body), json.object != nil else {
                return nil
            }
            read(json)
        } else if type.text == "multipart/form-data" {
            let contentType = creation.contentType
            guard let parts = try? MultipartForm.parse(creation.body, contentType: contentType)
            else { return nil }
            for part in parts { read(part) }
        } else {
            return nil
        }
    }

    /// What is the same for the same order at the same provider, in whichever encoding and however
    /// often it is sent: 64 hexadecimal digits.
    package func digest(for provider: String) -> String {
        var hash = SHA256()
        for text in [provider, prompt, seconds, model, size, sourceID, picture?.contentType] {
            let bytes = Array((text ?? "\u{0}").utf8)
            hash.update(Array("\(bytes.count):".utf8).span)
            hash.update(bytes.span)
        }
        if let picture { hash.update(picture.bytes.span) }
        return hexadecimal(hash.finish())
    }

    /// Whether a video is what was ordered, as far as both say it.
    package func mayHaveMade(_ video: VideoObject) -> Bool {
        func agree(_ ordered: String?, _ found: String?) -> Bool {
            guard let ordered, let found else { return true }
            return ordered == found
        }
        return video.remixedFrom == nil && agree(prompt, video.prompt)
            && agree(seconds, video.seconds) && agree(size, video.size)
            && agree(model, video.model)
    }

    private mutating func read(_ json: JSONValue) {
        prompt = json["prompt"]?.string
        seconds = json["seconds"]?.string ?? json["seconds"]?.double.map { JSONNumber($0).text }
        model = json["model"]?.string
        size = json["size"]?.string
        sourceID = json["video"]?["id"]?.string
        let url = json["input_reference"]?["image_url"]?.string
        picture = url.flatMap(Self.picture(inDataURL:))
    }

    private mutating func read(_ part: MultipartPart) {
        switch part.name {
        case "prompt": prompt = String(decoding: part.body, as: UTF8.self)
        case "seconds": seconds = String(decoding: part.body, as: UTF8.self)
        case "model": model = String(decoding: part.body, as: UTF8.self)
        case "size": size = String(decoding: part.body, as: UTF8.self)
        case "video[id]": sourceID = String(decoding: part.body, as: UTF8.self)
        case "input_reference" where part.fileName != nil:
            picture = Picture(contentType: part.contentType, bytes: part.body)
        case "input_reference[image_url]":
            picture = Self.picture(inDataURL: String(decoding: part.body, as: UTF8.self))
        default: break
        }
    }

    /// The content of a `data:` URL in base64 (RFC 2397); nil for any other URL.
    private static func picture(inDataURL url: String) -> Picture? {
        guard url.hasPrefix("data:"), let comma = url.firstIndex(of: ",") else { return nil }
        let head = url[..<comma].dropFirst("data:".count)
        guard head.hasSuffix(";base64"),
            let bytes = Base64.decode(String(url[url.index(after: comma)...]))
        else { return nil }
        let type = head.prefix { $0 != ";" }
        return Picture(contentType: type.isEmpty ? nil : String(type), bytes: bytes)
    }
}

extension VideoCreation {
    /// The video that the job is made from, where the body names it.
    var sourceID: String? { VideoOrder(self)?.sourceID }
}
