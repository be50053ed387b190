/// Collects the mistakes of a configuration while it is read, so that all are told at once.
final class FaultList {
    private(set) var faults: [ConfigurationError.Fault] = []

    func add(_ place: String, _ message: String) {
        faults.append(ConfigurationError.Fault(place: place, message: message))
    }
}
