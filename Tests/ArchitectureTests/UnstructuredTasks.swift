/// The files that start a task outside a task group, each with the reason why it must.
enum UnstructuredTasks {
    static let allowed: [String: String] = [
        "Sources/ReelEvents/Dispatcher.swift":
            "run() joins it: a cancellation must reach the handlers only after the grace"
    ]
}
