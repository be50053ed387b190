// The tests of ReelRuntime.
