// The tests of ReelWebhooks.
