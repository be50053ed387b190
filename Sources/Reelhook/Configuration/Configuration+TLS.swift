internal import ReelCrypto
internal import ReelHTTPServer

extension ObjectReader {
    /// The certificate of a listener, and how it is used.
    mutating func tls(_ member: String) -> TLSSettings? {
        guard var section = object(member) else { return nil }
        let certificate = section.text("certificate")
        let key = section.text("key")
        var settings = TLSSettings(certificatePath: certificate ?? "", keyPath: key ?? "")
        if certificate == nil { section.fault("certificate is missing: a file in PEM") }
        if key == nil { section.fault("key is missing: a file in PEM") }
        if let word = section.choice("minimum_version", of: TLSVersion.allCases.map(\.rawValue)),
            let version = TLSVersion(rawValue: word)
        {
            settings.oldestVersion = version
        }
        if let span = section.seconds("handshake_timeout_seconds", in: 1...600) {
            settings.handshakeTimeout = span
        }
        if let span = section.seconds("check_interval_seconds", in: 1...86_400) {
            settings.checkInterval = span
        }
        section.finish()
        return settings
    }
}

extension Configuration {
    /// The intake's certificate from the flags or the environment, which beat the file's.
    mutating func readTLS(
        _ flags: Flags,
        _ environment: [String: String],
        _ faults: FaultList
    ) {
        let certificate = flags.certificate ?? environment["REELHOOK_TLS_CERTIFICATE"]
        let key = flags.key ?? environment["REELHOOK_TLS_KEY"]
        if let path = certificate ?? intakeTLS?.certificatePath,
            let keyPath = key ?? intakeTLS?.keyPath
        {
            var settings = intakeTLS ?? TLSSettings(certificatePath: path, keyPath: keyPath)
            settings.certificatePath = path
            settings.keyPath = keyPath
            intakeTLS = settings
        } else if certificate != nil || key != nil {
            faults.add(
                "--tls-certificate",
                "goes with --tls-key: a certificate is of no use without its key"
            )
        }
    }

    /// What a supervisor hands over (sd_listen_fds(3), sd_notify(3)).
    ///
    /// A socket called `intake` or `console` is for that listener; of those with other names, or
    /// none, the first is the intake and the second the console.
    mutating func readSupervisor(_ environment: [String: String], processID: Int32) {
        notifySocket = environment["NOTIFY_SOCKET"]
        guard environment["LISTEN_PID"] == "\(processID)",
            let count = environment["LISTEN_FDS"].flatMap(Int32.init), (1...16).contains(count)
        else { return }
        let names = (environment["LISTEN_FDNAMES"] ?? "")
            .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let listeners = ["intake", "console"]
        var unnamed: [Int32] = []
        for index in 0..<count {
            // The first is descriptor 3, by definition.
            let name = Int(index) < names.count ? names[Int(index)] : ""
            if listeners.contains(name), inheritedSockets[name] == nil {
                inheritedSockets[name] = index + 3
            } else {
                unnamed.append(index + 3)
            }
        }
        for name in listeners where inheritedSockets[name] == nil && !unnamed.isEmpty {
            inheritedSockets[name] = unnamed.removeFirst()
        }
        if !unnamed.isEmpty {
            warnings.append("the supervisor handed over more sockets than there are listeners")
        }
    }
}
