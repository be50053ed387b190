// Reelhook
