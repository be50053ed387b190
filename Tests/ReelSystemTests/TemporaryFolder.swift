import TestSupport

/// Runs a test's body with the path of an empty folder, removed afterwards.
func withTemporaryFolder<Result>(
    _ body: (_ path: String) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory()
    let result = try await body(directory.path)
    withExtendedLifetime(directory) {}
    return result
}
