// ReelReconciler
