// The tests of ReelProviders.
