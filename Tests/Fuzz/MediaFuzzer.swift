internal import ReelAssets

/// Feeds the checks of what was fetched.
///
/// An input is one byte, from which the repair of checksums and the cuts follow, and then a file.
/// What is checked: a file is taken if and only if a reading of the standards that shares no code
/// with the inspector takes it, and is found to be the same; how its bytes are read makes no
/// difference; it is never both a video and a picture; a picture that is cut short anywhere, or
/// has a byte too many, is none.
enum MediaFuzzer {
    static func check(_ input: [UInt8]) -> Int32 {
        guard let control = input.first else { return -1 }
        var file = Array(input.dropFirst())
        // A fuzzer finds no checksum by chance.
        if control & 1 == 1 { ReferencePicture.repair(&file) }
        var numbers = ChosenNumbers(input[..<1])
        var taken: [MediaFacts] = []
        for medium in [MediaInspector.Medium.video, .image] {
            let outcome = inspect(MediaBytes(file), medium)
            let inPieces = inspect(pieces(of: file, &numbers), medium)
            expect(outcome == inPieces, "in pieces: \(inPieces) whole: \(outcome)")
            let expected = ReferenceMedia.facts(of: file, asVideo: medium == .video)
            let told = "\(outcome) expected: \(String(describing: expected))"
            switch outcome {
            case .success(let facts):
                expect(facts == expected, told)
                expect(facts.format.isVideo == (medium == .video), "the other medium: \(facts)")
                taken.append(facts)
                if medium == .image { checkNeighbours(of: file, &numbers) }
            case .failure(let error):
                expect(expected == nil, told)
                guard case .notTheMedium = error else { fatalError("finding: \(error)") }
            }
        }
        expect(taken.count < 2, "a video and a picture")
        return 0
    }

    private static func inspect(
        _ bytes: MediaBytes,
        _ medium: MediaInspector.Medium
    ) -> Result<MediaFacts, AssetError> {
        Result { () throws(AssetError) in try MediaInspector().inspect(bytes, as: medium) }
    }

    /// A file whose reads are short, as the inspector allows them to be.
    private static func pieces(
        of file: [UInt8],
        _ numbers: inout ChosenNumbers
    ) -> MediaBytes {
        let longest = 1 + numbers.below(64)
        return MediaBytes(byteCount: Int64(file.count)) { offset, count throws(AssetError) in
            let start = Int(offset)
            return Array(file[start..<min(file.count, start + min(count, longest))])
        }
    }

    private static func checkNeighbours(of file: [UInt8], _ numbers: inout ChosenNumbers) {
        let cut = Array(file.prefix(numbers.below(file.count)))
        for other in [cut, Array(file.dropLast()), file + [0]] {
            guard case .success(let facts) = inspect(MediaBytes(other), .image) else { continue }
            fatalError("finding: \(other.count) bytes of \(file.count) are \(facts)")
        }
    }
}
