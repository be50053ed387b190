internal import ReelEvents
internal import ReelJSON

/// Which events a target wants to hear of, of those that its chain takes; empty sets want all.
package struct NotifyFilter: Sendable, Hashable {
    package var types: Set<String> = []
    package var providers: Set<String> = []
    package var models: Set<String> = []

    package init() {}

    func wants(_ document: EventDocument) -> Bool {
        let model = document.object?["model"]?.string ?? ""
        return (types.isEmpty || types.contains(document.event.type.name))
            && (providers.isEmpty || providers.contains(document.event.provider))
            && (models.isEmpty || models.contains(model))
    }
}
