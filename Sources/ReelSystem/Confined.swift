/// Carries what belongs to a loop's thread through a closure that will run there.
// SAFETY: the value is only reached in closures that the loop runs on its own thread.
package struct Confined<Value>: @unchecked Sendable {
    package let value: Value

    package init(_ value: Value) {
        self.value = value
    }
}
