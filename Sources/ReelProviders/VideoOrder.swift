internal import ReelCrypto
internal import ReelHTTP
internal import ReelJSON

/// What a request orders, whichever of its encodings the body came in: JSON, multipart, and
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

    package let work: VideoWork
    /// The body as it came, for the provider.
    package let creation: VideoCreation
    private var value: OrderValue

    package var prompt: String? { value["prompt"]?.string }
    package var seconds: String? { value["seconds"]?.string }
    package var model: String? { value["model"]?.string }
    package var size: String? { value["size"]?.string }

    /// The video that it is made from, by its id; nil for none, and for one that the body brings.
    package var sourceID: String? {
        switch work {
        case .remix(let id): id
        case .create, .edit, .extend: value["video"]?["id"]?.string
        }
    }

    /// The picture in `input_reference`, when it is in the body itself.
    package var picture: Picture? {
        guard case .file(let contentType, let bytes) = value["input_reference"] else { return nil }
        return Picture(contentType: contentType, bytes: bytes)
    }

    /// Reads a body.
    ///
    /// - Throws: `VideoOrderError` when it is in none of the encodings, or broken.
    package init(_ creation: VideoCreation, for work: VideoWork) throws(VideoOrderError) {
        self.work = work
        self.creation = creation
        let type = MediaTypeName(creation.contentType)
        if type.isJSON {
            value = OrderValue(try Self.json(creation.body))
        } else if type.text == "multipart/form-data" {
            do throws(MultipartError) {
                let contentType = creation.contentType
                value = OrderValue(
                    try MultipartForm.parse(creation.body, contentType: contentType)
                )
            } catch {
                throw .unreadableForm(error)
            }
        } else {
            throw .unknownEncoding
        }
        takePictureOut()
    }

    /// What is the same for the same order at the same provider, in whichever encoding and however
    /// often it is sent, and differs where any field does: 64 hexadecimal digits.
    package func digest(for provider: String) -> String {
        var hash = SHA256()
        let place = OrderValue.list(([provider] + work.words).map { .text(Array($0.utf8)) })
        place.digest(into: &hash)
        value.digest(into: &hash)
        return hexadecimal(hash.finish())
    }

    /// Whether a video is what was ordered, as far as both say it.
    package func mayHaveMade(_ video: VideoObject) -> Bool {
        func agree(_ ordered: String?, _ found: String?) -> Bool {
            guard let ordered, let found else { return true }
            return ordered == found
        }
        let isOfSource: Bool
        switch work {
        case .create: isOfSource = video.remixedFrom == nil
        case .remix(let id):
            // Not to say it, as some servers do, is not to say that it is none.
            isOfSource = video.json["remixed_from_video_id"].map { $0.string == id } ?? true
        case .edit, .extend: isOfSource = agree(sourceID, video.remixedFrom)
        }
        // An extension has the seconds of both.
        let isAsLong = work == .extend || agree(seconds, video.seconds)
        let isOfModel = model.flatMap { ordered in
            video.model.map { Self.isSameModel(ordered, $0) }
        }
        return isOfSource && agree(prompt, video.prompt) && isAsLong && agree(size, video.size)
            && isOfModel ?? true
    }

    // MARK: - Reading

    private static func json(_ body: [UInt8]) throws(VideoOrderError) -> JSONValue {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONParser.parse(body, limits: JSONLimits(byteCountMax: byteCountMax))
        } catch {
            throw .unreadableJSON(error)
        }
        guard json.object != nil else { throw .noObject }
        return json
    }

    /// Room for a picture of 20 MiB as a `data:` URL, which OpenAI's API takes.
    private static let byteCountMax = 32 << 20

    /// Makes one thing of the two ways to send a picture along: as a file, and as a `data:` URL.
    private mutating func takePictureOut() {
        guard case .members(let members)? = value["input_reference"], members.count == 1,
            members[0].name == "image_url", let url = members[0].value.string,
            let picture = Self.picture(inDataURL: url)
        else { return }
        value.replace(
            "input_reference",
            with: .file(contentType: picture.contentType, bytes: picture.bytes)
        )
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

    // MARK: - Models

    /// Whether two names are one model's: `sora-2` stands for its dated snapshots, such as
    /// `sora-2-2025-12-08`, and two snapshots are two models.
    private static func isSameModel(_ one: String, _ other: String) -> Bool {
        one == other || isSnapshot(one, of: other) || isSnapshot(other, of: one)
    }

    private static func isSnapshot(_ name: String, of alias: String) -> Bool {
        guard name.hasPrefix(alias + "-") else { return false }
        let date = Array(name.utf8.dropFirst(alias.utf8.count + 1))
        return date.count == 10
            && date.enumerated().allSatisfy { index, byte in
                index == 4 || index == 7
                    ? byte == UInt8(ascii: "-")
                    : (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }
}

extension VideoCreation {
    /// The video that the job is made from, where the body names it.
    var sourceID: String? { (try? VideoOrder(self, for: .edit))?.sourceID }
}
