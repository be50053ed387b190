internal import Glibc

/// The limits that the system puts on this process (getrlimit(2)).
package enum ProcessLimits {
    /// How many descriptors may be open at once.
    package static var descriptorCountMax: Int { Int(clamping: descriptors.rlim_cur) }

    /// Raises the limit of descriptors to the most that the process may set by itself.
    ///
    /// The usual 1024 is for programs that use select(2); none of ours does.
    ///
    /// - Returns: The limit that holds from now on.
    @discardableResult
    package static func raiseDescriptorCountMax() -> Int {
        var limit = descriptors
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(resource, &limit)
        return descriptorCountMax
    }

    private static var resource: __rlimit_resource_t {
        __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    }

    private static var descriptors: rlimit {
        var limit = rlimit()
        _ = unsafe getrlimit(resource, &limit)
        return limit
    }
}
