// The tests of ReelObservability.
