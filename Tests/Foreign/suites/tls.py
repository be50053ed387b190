"""What sslyze says of a server's TLS: Mozilla's "intermediate" profile, and what is beside it."""

import logging
import warnings

from sslyze import ScanCommand, Scanner, ServerNetworkLocation, ServerScanRequest
from sslyze.mozilla_tls_profile import tls_config_checker as mozilla

# The points of the profile, by the names that sslyze gives them. The certificate is not one of
# them: each server has the same, made for the run.
PROFILE = (
    "tls_versions", "ciphersuites", "ciphers", "ecdh_param_size", "dh_param_size", "tls_curves",
    "tls_vulnerability_compression", "tls_vulnerability_ccs_injection",
    "tls_vulnerability_fallback_scsv", "tls_vulnerability_heartbleed", "tls_vulnerability_robot",
    "tls_vulnerability_renegotiation", "tls_vulnerability_extended_master_secret",
)


def scan(port):
    """What is wrong with each point, or None."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    scanner = Scanner()
    scanner.queue_scans([ServerScanRequest(
        server_location=ServerNetworkLocation("127.0.0.1", port),
        scan_commands=mozilla.SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER | {
            ScanCommand.SESSION_RESUMPTION, ScanCommand.TLS_1_3_EARLY_DATA},
    )])
    result = next(iter(scanner.get_results()))
    profile = mozilla.MozillaTlsConfiguration.get(mozilla.TlsConfigurationEnum.MOZILLA_INTERMEDIATE)
    try:
        mozilla.check_server_against_tls_configuration(result, profile)
        issues = {}
    except mozilla.ServerNotCompliantWithTlsConfiguration as error:
        issues = error.issues
    found = {name: issues.get(name) for name in PROFILE}
    seen = result.scan_result
    renegotiation, resumption = seen.session_renegotiation.result, seen.session_resumption.result
    found["client_renegotiation"] = (
        "a client can renegotiate" if renegotiation.is_vulnerable_to_client_renegotiation_dos
        else None)
    takes_early = seen.tls_1_3_early_data.result.supports_early_data
    found["early_data"] = "early data can be replayed" if takes_early else None
    resumed = max(resumption.session_id_successful_resumptions_count,
                  resumption.tls_ticket_successful_resumptions_count)
    found["session_resumption"] = None if resumed else "no session was resumed"
    return found
