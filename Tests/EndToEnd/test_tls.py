"""HTTPS on the intake and the console, with other people's clients."""

import ctypes
import json
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

import pytest

import authority as authorities
import deliveries
import http_calls
import program
from test_limits import metric


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return authorities.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def pair(authority, tmp_path):
    """A certificate and a key in files of the test's own, which it may replace."""
    certificate, key = authority.issue("first", 0x1001)
    files = tmp_path / "server.pem", tmp_path / "server.key"
    for source, target in zip((certificate, key), files):
        authorities.replace(source, target)
    return files


@pytest.fixture
def secure(serve, provide, configured, pair):
    """Starts a service with HTTPS on its intake."""

    def start(console=None, **settings):
        tls = {"certificate": str(pair[0]), "key": str(pair[1]), **settings}
        tls.setdefault("check_interval_seconds", 3600)
        file = configured({"intake": {"tls": tls}, **({"console": console} if console else {})})
        return serve(provide(), config=file)

    return start


def address(service):
    parts = urllib.parse.urlsplit(service.intake)
    return parts.hostname, parts.port


def s_client(service, authority, *options, request=None):
    """OpenSSL's client; returns what it printed, its exit status first."""
    host, port = address(service)
    words = ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", str(authority.root)]
    words += ["-verify_return_error", "-servername", "localhost", "-ign_eof", *map(str, options)]
    text = request or "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=30)
    output = (done.stdout + done.stderr).decode(errors="replace")
    return done.returncode, output


VERSIONS = [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")]


@pytest.mark.parametrize("flag, version", VERSIONS)
def test_both_versions_are_spoken_with_the_chain_and_forward_secrecy(
    secure, authority, flag, version
):
    status, output = s_client(secure(), authority, flag)
    assert status == 0, output
    assert f"Protocol  : {version}" in output or f"New, {version}" in output
    assert "HTTP/1.1 200" in output
    assert "Verify return code: 0 (ok)" in output
    assert "Server Temp Key: X25519" in output


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
        # No forward secrecy, and no authenticated encryption.
        ("-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
        ("-alpn", "h2"),
    ],
    ids=["1.1", "1.0", "static RSA", "CBC", "HTTP/2 alone"],
)
def test_what_is_old_or_not_spoken_is_refused_with_an_alert(secure, authority, options):
    status, output = s_client(secure(), authority, *options)
    assert status != 0
    assert "HTTP/1.1" not in output
    assert "alert" in output


def test_version_1_2_can_be_refused(secure, authority):
    service = secure(minimum_version="1.3")
    assert s_client(service, authority, "-tls1_2")[0] != 0
    assert s_client(service, authority, "-tls1_3")[0] == 0


def test_http_1_1_is_agreed_on_where_the_client_names_protocols(secure, authority):
    service = secure()
    assert "ALPN protocol: http/1.1" in s_client(service, authority, "-alpn", "h2,http/1.1")[1]
    assert "No ALPN negotiated" in s_client(service, authority)[1]


@pytest.mark.parametrize("flag, version", VERSIONS)
def test_a_session_is_resumed_also_after_the_certificate_was_replaced(
    secure, authority, pair, tmp_path, flag, version
):
    service = secure()
    kept = tmp_path / "session"
    status, output = s_client(service, authority, flag, "-sess_out", kept)
    assert status == 0 and f"New, {version}" in output, output
    assert "Reused, " + version in s_client(service, authority, flag, "-sess_in", kept)[1]
    for source, target in zip(authority.issue("second", 0x2002), pair):
        authorities.replace(source, target)
    service.process.send_signal(signal.SIGHUP)
    service.wait_for("certificate replaced")
    assert "Reused, " + version in s_client(service, authority, flag, "-sess_in", kept)[1]
    assert metric(service, "reelhook_tls_handshakes_total", outcome="resumed") == 2


@pytest.mark.parametrize("options", [["--tlsv1.3"], ["--tls-max", "1.2"], ["--no-alpn"]])
def test_curl_delivers_and_waits_for_the_word_to_go_on(secure, authority, options):
    service = secure()
    body = deliveries.event()
    fields = deliveries.headers(body)
    words = ["curl", "--silent", "--show-error", "--verbose", "--cacert", str(authority.root)]
    words += ["--http1.1", *options, "--data-binary", "@-", "--max-time", "20"]
    words += ["--expect100-timeout", "15", "--header", "Expect: 100-continue"]
    for name, value in fields.items():
        words += ["--header", f"{name}: {value}"]
    words.append(service.hook.replace("127.0.0.1", "localhost"))
    began = time.monotonic()
    done = subprocess.run(words, input=body, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"received": True}
    assert "< HTTP/1.1 100 Continue" in done.stderr
    # Without that word curl would have waited for its own limit.
    assert time.monotonic() - began < 10
    assert service.event(fields["webhook-id"])


def test_a_request_refused_by_its_head_is_not_asked_for_its_content(secure, authority):
    service = secure()
    words = ["curl", "--silent", "--verbose", "--cacert", str(authority.root), "--http1.1"]
    words += ["--data-binary", "@-", "--header", "Expect: 100-continue"]
    words += ["--expect100-timeout", "15", f"{service.intake}/elsewhere"]
    done = subprocess.run(words, input="x" * 9999, capture_output=True, text=True, timeout=30)
    assert "HTTP/1.1 404" in done.stderr
    assert "100 Continue" not in done.stderr


def test_a_client_that_stalls_in_the_handshake_is_ended_and_holds_nobody_up(secure, authority):
    service = secure(handshake_timeout_seconds=1)
    trust = authority.trust()
    stalled = []
    for sent in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
        for _ in range(20):
            stalled.append(socket.create_connection(address(service), timeout=10))
            stalled[-1].sendall(sent)
    began = time.monotonic()
    for _ in range(20):
        answer, _ = deliveries.deliver(service.hook, deliveries.event(), trust=trust)
        assert answer.status == 200
    assert time.monotonic() - began < 5
    for connection in stalled:
        with connection:
            try:
                assert connection.recv(1) == b""
            except ConnectionResetError:
                pass
    assert time.monotonic() - began < 9
    counted = metric(service, "reelhook_http_timeouts_total", phase="handshake", listener="intake")
    assert counted == len(stalled)


def test_plain_http_on_the_port_is_told_what_is_spoken_there(secure, authority):
    service = secure()
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    received = http_calls.raw(service.intake, request)
    assert http_calls.status(received) == 400
    assert b"This port speaks HTTPS" in received
    assert http_calls.raw(service.intake, b"\x00\x01garbage") == b""
    assert metric(service, "reelhook_tls_failures_total", reason="plain_http") == 1
    assert metric(service, "reelhook_tls_failures_total", reason="not_tls") == 1


def test_tls_on_a_plain_port_is_malformed_http(serve, provide, authority):
    service = serve(provide())
    host, port = address(service)
    hello = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = authority.trust().wrap_bio(*hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    received = http_calls.raw(service.intake, hello[1].read())
    assert http_calls.status(received) == 400
    assert http_calls.call("GET", f"http://{host}:{port}/healthz").status == 200


def serial(service, authority):
    """The number of the certificate that a new connection is shown."""
    with socket.create_connection(address(service), timeout=10) as plain:
        with authority.trust().wrap_socket(plain, server_hostname="localhost") as session:
            return int(session.getpeercert()["serialNumber"], 16)


@pytest.mark.parametrize("by_signal", [True, False], ids=["SIGHUP", "change on disk"])
def test_a_new_certificate_is_taken_over_and_connections_are_kept(
    secure, authority, pair, by_signal
):
    service = secure(check_interval_seconds=3600 if by_signal else 1)
    open_before = http_calls.connect(service.intake, trust=authority.trust())
    open_before.request("GET", "/healthz")
    assert open_before.getresponse().read()
    used = open_before.sock
    assert serial(service, authority) == 0x1001
    for source, target in zip(authority.issue("second", 0x2002), pair):
        authorities.replace(source, target)
    if by_signal:
        service.process.send_signal(signal.SIGHUP)
    service.wait_for("certificate replaced")
    assert serial(service, authority) == 0x2002
    open_before.request("GET", "/healthz")
    assert open_before.getresponse().read()
    assert open_before.sock is used
    assert int(used.getpeercert()["serialNumber"], 16) == 0x1001
    open_before.close()


def test_a_pair_that_cannot_be_used_changes_nothing_until_it_is_mended(secure, authority, pair):
    service = secure()
    certificate, key = authority.issue("second", 0x2002)
    expired = authority.issue("expired", 0x3003, days=-1)
    spoilt = [
        (certificate, None, "does not belong"),
        (key, None, "no certificate"),
        (None, certificate, "no readable private key"),
        (*expired, "expired"),
    ]
    for new_certificate, new_key, reason in spoilt:
        for source, target in zip((new_certificate, new_key), pair):
            if source:
                authorities.replace(source, target)
        service.process.send_signal(signal.SIGHUP)
        service.wait_for(f"certificate not replaced.*{reason}")
        assert serial(service, authority) == 0x1001
        assert metric(service, "reelhook_tls_certificate_stale", listener="intake") == 1
        for source, target in zip(authority.issue("first", 0x1001), pair):
            authorities.replace(source, target)
    for source, target in zip((certificate, key), pair):
        authorities.replace(source, target)
    service.process.send_signal(signal.SIGHUP)
    service.wait_for("certificate replaced")
    assert serial(service, authority) == 0x2002
    assert metric(service, "reelhook_tls_certificate_stale", listener="intake") == 0


def test_connections_live_through_reloads_under_load(secure, authority, pair):
    service = secure()
    trust = authority.trust()
    connections = [http_calls.connect(service.hook, trust=trust) for _ in range(8)]
    issued = [authority.issue("first", 0x1001), authority.issue("second", 0x2002)]
    for turn in range(40):
        if turn % 10 == 5:
            for source, target in zip(issued[turn // 10 % 2], pair):
                authorities.replace(source, target)
            service.process.send_signal(signal.SIGHUP)
        for connection in connections:
            body = deliveries.event()
            connection.request("POST", "/webhooks/openai", body, deliveries.headers(body))
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read()
    for connection in connections:
        connection.close()
    assert len(service.events()) == 320


def test_the_flags_and_the_environment_name_the_files(serve, provide, authority, pair):
    names = {"REELHOOK_TLS_CERTIFICATE": str(pair[0]), "REELHOOK_TLS_KEY": str(pair[1])}
    service = serve(provide(), env=names)
    assert service.intake.startswith("https://") and service.console.startswith("http://")
    answer, id = deliveries.deliver(service.hook, deliveries.event(), trust=authority.trust())
    assert answer.status == 200 and service.event(id)


def test_the_console_speaks_it_too(secure, authority, pair):
    tls = {"certificate": str(pair[0]), "key": str(pair[1])}
    service = secure(console={"tls": tls})
    answer = http_calls.call("GET", f"{service.console}/v1/videos", trust=authority.trust())
    assert answer.status == 200


@pytest.mark.parametrize(
    "settings, status, words",
    [
        ({"certificate": "/nowhere.pem", "key": "/nowhere.key"}, 1, "/nowhere.pem cannot be read"),
        ({"certificate": "/nowhere.pem"}, 2, "intake.tls.*key is missing"),
        ({"minimum_version": "1.1"}, 2, "minimum_version.*1.2"),
    ],
)
def test_a_service_does_not_start_without_a_usable_certificate(
    configured, tmp_path, settings, status, words
):
    file = configured({"intake": {"tls": settings}})
    done = program.run(
        *["serve", "--config", file, "--data", tmp_path / "data", "--listen", "127.0.0.1:0"],
        *["--console", "127.0.0.1:0"],
        env={"OPENAI_WEBHOOK_SECRET": program.WEBHOOK_SECRET},
    )
    assert done.returncode == status, done.stderr
    assert re.search(words, done.stderr), done.stderr


def findings(configured, tmp_path, certificate, key, *more):
    file = configured({"intake": {"tls": {"certificate": str(certificate), "key": str(key)}}})
    done = program.run(
        *["doctor", "--json", "--config", file, "--data", tmp_path / "d", *more],
        env={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"},
    )
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    return [finding for finding in listed if "certificate" in finding["check"]]


def test_doctor_says_until_when_and_for_whom(authority, configured, tmp_path):
    certificate, key = authority.issue("first", 0x1001)
    found = findings(configured, tmp_path, certificate, key)
    text = json.dumps(found)
    assert "in 29 days" in text or "in 30 days" in text
    assert "DNS:localhost" in text
    soon = authority.issue("soon", 0x4004, days=7)
    assert "renew it" in json.dumps(findings(configured, tmp_path, *soon))
    url = ["--public-url", "https://hooks.example.invalid/webhooks/openai"]
    assert "not for hooks.example.invalid" in json.dumps(
        findings(configured, tmp_path, certificate, key, *url)
    )


@pytest.mark.parametrize(
    "spoil, words",
    [("expired", "has expired"), ("key", "does not belong"), ("names", "no alternative names")],
)
def test_doctor_finds_what_is_wrong_with_a_certificate(
    authority, configured, tmp_path, spoil, words
):
    certificate, key = authority.issue("first", 0x1001)
    if spoil == "expired":
        certificate, key = authority.issue("expired", 0x3003, days=-1)
    if spoil == "key":
        key = authority.issue("second", 0x2002)[1]
    if spoil == "names":
        certificate, key = authority.issue("nameless", 0x5005, names="")
    assert words in json.dumps(findings(configured, tmp_path, certificate, key))


def test_the_end_of_a_session_is_said_so_that_a_cut_answer_is_known(secure, authority):
    service = secure()
    with socket.create_connection(address(service), timeout=10) as plain:
        with authority.trust().wrap_socket(
            plain, server_hostname="localhost", suppress_ragged_eofs=False
        ) as session:
            session.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = b""
            while piece := session.recv(4096):
                received += piece
    assert received.startswith(b"HTTP/1.1 200")


class OpenSSL:
    """OpenSSL's own session of a client, for what Python's module does not offer."""

    def __init__(self, service):
        self.connection = socket.create_connection(address(service), timeout=20)
        ssl_library, crypto = ctypes.CDLL("libssl.so.3"), ctypes.CDLL("libcrypto.so.3")
        pointer, number = ctypes.c_void_p, ctypes.c_int

        def function(library, name, result, *arguments):
            found = getattr(library, name)
            found.restype, found.argtypes = result, arguments
            return found

        make = function(ssl_library, "SSL_new", pointer, pointer)
        context = function(ssl_library, "SSL_CTX_new", pointer, pointer)
        method = function(ssl_library, "TLS_client_method", pointer)
        memory = function(crypto, "BIO_new", pointer, pointer)
        kind = function(crypto, "BIO_s_mem", pointer)
        attach = function(ssl_library, "SSL_set_bio", None, pointer, pointer, pointer)
        begin = function(ssl_library, "SSL_set_connect_state", None, pointer)
        self._step = function(ssl_library, "SSL_do_handshake", number, pointer)
        self._update = function(ssl_library, "SSL_key_update", number, pointer, number)
        self._write = function(
            ssl_library, "SSL_write", number, pointer, ctypes.c_char_p, number
        )
        self._put = function(crypto, "BIO_write", number, pointer, ctypes.c_char_p, number)
        self._take = function(crypto, "BIO_read", number, pointer, ctypes.c_char_p, number)
        self._session = make(context(method()))
        self._input, self._output = memory(kind()), memory(kind())
        attach(self._session, self._input, self._output)
        begin(self._session)
        while self._step(self._session) != 1:
            self.connection.sendall(self.output())
            received = self.connection.recv(65536)
            assert received
            self._put(self._input, received, len(received))
        self.connection.sendall(self.output())

    def output(self):
        """What is to go over the wire."""
        buffer, output = ctypes.create_string_buffer(1 << 16), b""
        while (count := self._take(self._output, buffer, len(buffer))) > 0:
            output += buffer.raw[:count]
        return output

    def key_updates(self, count):
        for _ in range(count):
            assert self._update(self._session, 0) == 1
            assert self._step(self._session) == 1
        return self.output()

    def encrypted(self, data):
        assert self._write(self._session, data, len(data)) == len(data)
        return self.output()


def test_records_without_content_end_the_session_where_they_do_not_end(secure):
    service = secure()
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    client = OpenSSL(service)
    for _ in range(3):
        client.connection.sendall(client.key_updates(500) + client.encrypted(request))
        assert client.connection.recv(65536)
    failures = "reelhook_tls_failures_total"
    assert metric(service, failures, reason="content_missing") == 0
    flood = client.key_updates(100_000)
    sent = 0
    with pytest.raises(OSError):
        while sent < len(flood):
            sent += client.connection.send(flood[sent : sent + 8192])
            time.sleep(0.001)
        raise AssertionError("all of it was taken")
    assert metric(service, failures, reason="content_missing") == 1
