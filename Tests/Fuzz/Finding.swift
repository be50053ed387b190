/// Ends the run with a finding: the address sanitizer's report and the input follow from the trap.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
    guard condition else { fatalError("finding: " + message()) }
}
