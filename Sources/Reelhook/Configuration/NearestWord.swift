/// The word that was probably meant: at most two edits away, or a third of the word's length.
///
/// An edit is a letter put in, left out, changed, or swapped with its neighbour.
package func nearest(to word: String, among words: some Collection<String>) -> String? {
    let bound = max(1, min(2, word.count / 3))
    return
        words
        .map { (word: $0, distance: editDistance(word, $0)) }
        .filter { $0.distance <= bound }
        .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?
        .word
}

private func editDistance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    guard left.count <= 64, right.count <= 64 else { return .max }
    var before: [Int] = []
    var previous = Array(0...right.count)
    for row in stride(from: 1, through: left.count, by: 1) {
        var current = [row]
        for column in stride(from: 1, through: right.count, by: 1) {
            let isSame = left[row - 1] == right[column - 1]
            var cost = min(
                previous[column] + 1,
                current[column - 1] + 1,
                previous[column - 1] + (isSame ? 0 : 1)
            )
            if row > 1, column > 1, left[row - 1] == right[column - 2],
                left[row - 2] == right[column - 1]
            {
                cost = min(cost, before[column - 2] + 1)
            }
            current.append(cost)
        }
        (before, previous) = (previous, current)
    }
    return previous[right.count]
}
