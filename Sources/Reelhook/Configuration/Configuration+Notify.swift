internal import ReelHTTP
internal import ReelHandlers
internal import ReelJSON
internal import ReelWebhooks

extension Configuration {
    /// Reads `{"url", "secrets", "shape", "template", "only", "timeout_seconds"}`.
    static func notification(_ section: inout ObjectReader) -> NotifySettings? {
        defer { section.finish() }
        let secrets = (section.secrets("secrets") ?? []).flatMap(splitSecrets)
        let shape = shape(&section)
        let filter = filter(&section)
        let timeout = section.seconds("timeout_seconds", in: 1...600)
        for secret in secrets {
            if let fault = signingSecretFault(secret, .strict) { section.fault("secrets", fault) }
        }
        switch shape {
        case .template: break
        case .full, .openAI:
            if secrets.isEmpty {
                section.fault("secrets is missing: a notification is signed")
            }
        }
        // A chat's URL is its secret, and may be given as one.
        guard let url = section.secret("url")?.revealed else {
            section.fault("url is missing")
            return nil
        }
        if HTTPURL(url) == nil { section.fault("url", "expected an http or https URL") }
        var settings = NotifySettings(url: url, secrets: secrets)
        settings.shape = shape
        settings.filter = filter
        if let timeout { settings.timeout = timeout }
        return settings
    }

    private static func shape(_ section: inout ObjectReader) -> NotifyShape {
        let word = section.choice("shape", of: ["full", "openai", "slack", "discord"])
        guard let template = section.json("template") else {
            return switch word {
            case "openai": .openAI
            case "slack": .slack
            case "discord": .discord
            default: .full
            }
        }
        if word != nil { section.fault("template", "give either shape or template") }
        for name in NotifyShape.unknownNames(in: template) {
            let near = nearest(to: name, among: Set(NotifyShape.names))
            section.fault(
                "template",
                "nothing stands for {\(name)}" + (near.map { ", did you mean {\($0)}?" } ?? "")
            )
        }
        return .template(template)
    }

    private static func filter(_ section: inout ObjectReader) -> NotifyFilter {
        var filter = NotifyFilter()
        guard var reader = section.object("only") else { return filter }
        filter.types = Set(reader.strings("types") ?? [])
        filter.providers = Set(reader.strings("providers") ?? [])
        filter.models = Set(reader.strings("models") ?? [])
        reader.finish()
        return filter
    }
}
