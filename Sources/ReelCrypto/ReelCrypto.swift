// ReelCrypto
