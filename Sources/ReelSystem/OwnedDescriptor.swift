/// A descriptor that is closed by hand, or when the last who holds it lets go.
final class OwnedDescriptor {
    private var descriptor: Descriptor?

    init(_ number: Int32) {
        descriptor = Descriptor(owning: number)
    }

    /// The number; -1, which poll(2) passes over, once it is closed.
    var number: Int32 { descriptor?.number ?? -1 }
    var isClosed: Bool { descriptor == nil }

    /// Legal twice.
    func close() {
        descriptor = nil
    }
}
