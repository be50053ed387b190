/// Carries what belongs to a loop's thread through a closure that will run there.
struct Confined<Value>: @unchecked Sendable {
    // SAFETY: the value is only reached in closures that the loop runs on its own thread.
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}
