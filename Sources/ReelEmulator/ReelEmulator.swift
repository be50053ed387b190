// ReelEmulator
