// The tests of ReelAssets.
