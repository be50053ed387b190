extension CallFault {
    /// How much a fault says of a call that was made with several keys, the least first.
    private enum Weight: Int, Comparable {
        /// The key's project does not have the job: an answer only when no key could have it.
        case notFound
        /// The key may not see it.
        case forbidden
        /// The key may do nothing at all, until somebody has seen to it.
        case refused
        /// The key may do it later.
        case throttled
        /// The request itself is at fault, or the way: no other key would fare better.
        case ended
        /// The provider may have done what was asked.
        case mayHaveArrived

        static func < (one: Weight, other: Weight) -> Bool { one.rawValue < other.rawValue }
    }

    /// The fault of a call that failed with one key after the other; nil without one.
    ///
    /// The first of these that any key met: what may have arrived, since it must not be sent again
    /// unseen; what no other key mends; throttled; refused; forbidden; not found. A job is not
    /// found, then, only when every key that was asked said so. Among equals the first tried.
    /// A key that was throttled or refused is marked as one of several where another was answered.
    static func outcome(of faults: [CallFault]) -> CallFault? {
        // `max` would take the last of equals.
        let heaviest = faults.reduce(nil as CallFault?) { heaviest, fault in
            guard let heaviest, fault.weight <= heaviest.weight else { return fault }
            return heaviest
        }
        guard let heaviest else { return nil }
        switch heaviest.weight {
        case .throttled, .refused, .forbidden:
            let wasAnswered = faults.contains {
                $0.weight < heaviest.weight && $0.weight <= .forbidden
            }
            return wasAnswered ? heaviest.ofOneKey : heaviest
        case .notFound, .ended, .mayHaveArrived:
            return heaviest
        }
    }

    private var weight: Weight {
        if error.mayHaveArrived { return .mayHaveArrived }
        return switch error.kind {
        case .notFound: .notFound
        case .forbidden: .forbidden
        case .unauthorized, .billing, .quotaExceeded: .refused
        case .rateLimited: .throttled
        case .unreachable, .timedOut, .interrupted, .tls, .destinationRefused, .expired, .conflict,
            .invalidRequest, .contentPolicy, .unsupportedValue, .unsupportedEncoding, .tooLarge,
            .modelNotFound, .notReady, .overloaded, .serverError, .gatewayError, .notJSON,
            .unexpectedShape, .redirected, .cancelled:
            .ended
        }
    }
}
