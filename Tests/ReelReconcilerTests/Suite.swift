// The tests of ReelReconciler.
