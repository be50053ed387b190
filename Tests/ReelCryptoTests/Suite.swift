// The tests of ReelCrypto.
