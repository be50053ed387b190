/// Carries what belongs to a loop's thread through a closure that will run there.
package struct Confined<Value>: @unchecked Sendable {
    // SAFETY: the value is only reached in closures that the loop runs on its own thread.
    package let value: Value

    package init(_ value: Value) {
        self.value = value
    }
}
