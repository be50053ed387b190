internal import ReelCrypto
internal import ReelHTTPServer
internal import ReelRuntime
internal import Reelhook

extension Examination {
    /// Whether the listeners' certificates can be used, for how long, and for which names.
    mutating func checkCertificates(_ configuration: Configuration, publicURL: String?) {
        let host = publicURL.flatMap(Self.host)
        checkCertificate("intake", configuration.intakeTLS, host: host)
        checkCertificate("console", configuration.consoleTLS, host: nil)
    }

    private mutating func checkCertificate(
        _ listener: String,
        _ settings: TLSSettings?,
        host: String?
    ) {
        guard let settings else { return }
        let check = "certificate of the \(listener)"
        let identity: TLSIdentity
        do throws(TLSCredentialsError) {
            identity = try TLSIdentity(
                reading: settings.certificatePath,
                keyPath: settings.keyPath
            )
        } catch {
            return note(check, .bad, error.description, "serve does not start with it")
        }
        do throws(TLSError) {
            try identity.check(at: tool.time.now())
            _ = try TLSContext(
                serving: identity,
                oldestVersion: settings.oldestVersion,
                ticketKeys: TLSTicketKeys(time: tool.time)
            )
        } catch {
            let text = "\(settings.certificatePath): \(error.description)"
            return note(check, .bad, text, "get a new one")
        }
        let days = Int((identity.notAfter - tool.time.now()).inSeconds / 86_400)
        note(
            check,
            days < 14 ? .doubtful : .good,
            "is valid until \(identity.notAfter), in \(days) days, and the key is its own",
            days < 14 ? "renew it; serve takes the new files over by itself" : ""
        )
        checkNames(check, identity, host: host)
    }

    private mutating func checkNames(_ check: String, _ identity: TLSIdentity, host: String?) {
        let names = identity.alternativeNames
        let list = names.joined(separator: ", ")
        if names.isEmpty {
            note(check, .bad, "has no alternative names: no client will accept it")
        } else if let host, !identity.names(host: host) {
            note(check, .bad, "is for \(list), and not for \(host)", "get one for that name")
        } else {
            note(check, .good, "is for \(list)")
        }
    }

    /// The host of a URL, without the brackets of an IPv6 address.
    private static func host(of url: String) -> String? {
        guard let mark = url.firstRange(of: "://") else { return nil }
        let authority = url[mark.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.first == "[" { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }
}
