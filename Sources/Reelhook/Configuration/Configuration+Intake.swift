internal import ReelHTTPServer

extension Configuration {
    /// Takes over the limits of the public listener.
    mutating func readServer(_ section: inout ObjectReader) {
        if let count = section.integer("connections_max", in: 1...1_000_000) {
            server.connectionCountMax = count
        }
        if let count = section.integer("body_bytes_max", in: 1024...64 << 20) {
            server.intakeBodyByteCountMax = count
        }
        if let count = section.integer("body_bytes_in_flight_max", in: 1024...1 << 40) {
            server.intakeContentByteCountMax = count
        }
        if server.intakeContentByteCountMax < server.intakeBodyByteCountMax {
            section.fault("body_bytes_in_flight_max", "is less than one body, body_bytes_max")
        }
        if let count = section.integer("requests_per_connection_max", in: 1...1_000_000_000) {
            server.requestsPerConnectionMax = count
        }
        if let count = section.integer("event_loops", in: 0...64) { server.loopCount = count }
        if let span = section.seconds("header_timeout_seconds", in: 1...600) {
            server.headerTimeout = span
        }
        if let span = section.seconds("body_timeout_seconds", in: 1...3600) {
            server.bodyTimeout = span
        }
        if let span = section.seconds("idle_timeout_seconds", in: 1...3600) {
            server.idleTimeout = span
        }
        if let span = section.seconds("write_timeout_seconds", in: 1...3600) {
            server.writeTimeout = span
        }
        if let span = section.seconds("stop_grace_seconds", in: 0...3600) {
            server.stopGrace = span
        }
        readRequestLimits(&section)
        readClients(&section)
    }

    private mutating func readRequestLimits(_ section: inout ObjectReader) {
        if let count = section.integer("target_bytes_max", in: 256...64 << 10) {
            server.targetByteCountMax = count
        }
        if let count = section.integer("header_bytes_max", in: 1024...1 << 20) {
            server.headerByteCountMax = count
        }
        if let count = section.integer("header_fields_max", in: 8...1000) {
            server.headerFieldCountMax = count
        }
        if let rate = section.integer("body_bytes_per_second_min", in: 1...1 << 30) {
            server.bodyRateMin = rate
        }
        if let span = section.seconds("body_rate_grace_seconds", in: 1...3600) {
            server.bodyRateGrace = span
        }
    }

    private mutating func readClients(_ section: inout ObjectReader) {
        if let word = section.choice(
            "client_address",
            of: ClientAddress.Source.allCases.map(\.rawValue)
        ), let source = ClientAddress.Source(rawValue: word) {
            clients.address.source = source
        }
        if let networks = section.networks("trusted_proxies") {
            clients.address.trustedProxies = networks
        }
        let isDirect = clients.address.source == .connection
        if isDirect, !clients.address.trustedProxies.isEmpty {
            section.fault("trusted_proxies", "is given, and client_address does not say for what")
        }
        if !isDirect, clients.address.trustedProxies.isEmpty {
            section.fault("client_address", "needs trusted_proxies: nobody else is believed")
        }
        if let count = section.integer("connections_per_address_max", in: 1...1_000_000) {
            clients.connectionCountMax = count
        }
        if let networks = section.networks("exempt_networks") { clients.exemptNetworks = networks }
        if var limit = section.object("rate_limit") {
            if let rate = limit.integer("requests_per_second", in: 1...1_000_000) {
                clients.requestsPerSecond = rate
            }
            if let count = limit.integer("burst", in: 1...10_000_000) { clients.burst = count }
            if let count = limit.integer("addresses_max", in: 8...1 << 24) {
                clients.addressCountMax = count
            }
            limit.finish()
        }
    }
}
