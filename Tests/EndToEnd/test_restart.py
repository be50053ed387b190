"""A stop under load, and a restart that no client notices."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse

import pytest

import authority as authorities
import deliveries
import http_calls
import program

# What becomes the service with sockets as systemd hands them over (sd_listen_fds(3)).
HAND_OVER = """
import fcntl, os, sys
numbers = [int(word) for word in sys.argv[1].split(",")]
kept = [fcntl.fcntl(number, fcntl.F_DUPFD, 64) for number in numbers]
for place, number in enumerate(kept, 3):
    os.dup2(number, place, inheritable=True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = str(len(kept))
os.execv(sys.argv[2], sys.argv[2:])
"""


# How long a service that ends waits for the first request of who has connected, in seconds.
FIRST_REQUEST_WAIT = 2
# How long a new connection waits over a handover at most, in seconds: for what is short to end, the
# journal to be closed and opened, and a machine that is busy with eight clients and two services.
HANDOVER_MOST = 1.5


class Load:
    """Clients that deliver without a pause, and remember what became of each delivery.

    A client that the machine itself holds up between connecting and asking for as long as a service
    that ends would wait may be closed on, and is no failure.
    """

    def __init__(self, url, fresh=6, kept=2, trust=None):
        self.url = url
        self.trust = trust
        self.acknowledged = []
        self.failures = []
        self.reconnected = 0
        self.held_up = 0
        self.waits = []
        self._stopped = threading.Event()
        workers = [self._fresh] * fresh + [self._kept] * kept
        self._threads = [threading.Thread(target=self._run, args=(worker,)) for worker in workers]
        for thread in self._threads:
            thread.start()

    def _run(self, worker):
        while not self._stopped.is_set():
            try:
                worker()
            except Exception as error:  # Whatever it is, a client has seen it.
                self.failures.append(repr(error))
                time.sleep(0.01)

    def _connect(self):
        return http_calls.connect(self.url, trust=self.trust)

    def _post(self, connection, body, fields):
        path = urllib.parse.urlsplit(self.url).path
        connection.request("POST", path, body, fields)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{answer.status} {text}")
        self.acknowledged.append(fields["webhook-id"])

    @property
    def longest(self):
        """The longest wait of a new connection for its answer, in seconds."""
        return max(self.waits)

    def _fresh(self):
        """One delivery over a connection of its own."""
        body = deliveries.event(video=a_video())
        began = time.monotonic()
        connection = self._connect()
        try:
            self._post(connection, body, deliveries.headers(body))
            self.waits.append(time.monotonic() - began)
        except http.client.RemoteDisconnected:
            self._excuse(began)
        finally:
            connection.close()

    def _kept(self):
        """Deliveries over one connection; only one that was used before may be closed on us."""
        began = time.monotonic()
        connection, uses = self._connect(), 0
        try:
            while not self._stopped.is_set():
                body = deliveries.event(video=a_video())
                fields = deliveries.headers(body)
                try:
                    self._post(connection, body, fields)
                    uses += 1
                except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
                    if not uses:
                        self._excuse(began)
                    connection.close()
                    began = time.monotonic()
                    connection, uses = self._connect(), 0
                    self.reconnected += 1
                if connection.sock is None:
                    began, uses = time.monotonic(), 0
        finally:
            connection.close()

    def _excuse(self, began):
        """Lets the present error go if the client was held up since it connected."""
        if time.monotonic() - began < FIRST_REQUEST_WAIT:
            raise
        self.held_up += 1

    def passed(self, count, timeout=60):
        """Waits until so many more have been acknowledged."""
        goal = len(self.acknowledged) + count
        program.wait_until(lambda: len(self.acknowledged) >= goal, timeout, f"{self.failures[:5]}")

    def end(self):
        self._stopped.set()
        for thread in self._threads:
            thread.join()


def a_video():
    return "video_" + os.urandom(8).hex()


def kept_ids(service):
    """The ids of all deliveries in the journal."""
    listed = program.run(
        *["events", "list", "--json", "--limit", 10000, "--data", service.data], timeout=120
    )
    assert listed.returncode == 0, listed.stderr
    return {json.loads(line)["webhook_id"] for line in listed.stdout.splitlines()}


@pytest.fixture
def quiet(configured):
    """Writes a configuration that works on nothing, so that the disk is the deliveries' own."""

    def write(**settings):
        return configured({"polling": {"enabled": False}, "chains": [], **settings})

    return write


def test_a_stop_under_load_answers_what_it_took_and_loses_nothing(serve, quiet):
    service = serve(config=quiet(), env={"REELHOOK_LOG_LEVEL": "warning"})
    load = Load(service.hook)
    load.passed(500)
    began = time.monotonic()
    assert service.end() == 0
    assert time.monotonic() - began < 10
    load.end()
    assert set(load.acknowledged) <= kept_ids(service)
    # Nobody takes the port over: who connects at the very end is reset, and later refused.
    for failure in load.failures:
        assert "ConnectionRefused" in failure or "ConnectionReset" in failure, failure


def test_a_request_under_way_is_answered_and_one_that_stalls_holds_nothing_up(serve, quiet):
    service = serve(config=quiet(intake={"stop_grace_seconds": 3}))
    parts = urllib.parse.urlsplit(service.intake)
    host, port = parts.hostname, parts.port
    body = deliveries.event()
    fields = deliveries.headers(body)
    head = "POST /webhooks/openai HTTP/1.1\r\nHost: x\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with (
        socket.create_connection((host, port), timeout=20) as slow,
        socket.create_connection((host, port), timeout=20) as stalled,
    ):
        for connection in (slow, stalled):
            connection.sendall((head + body[:10]).encode())
        service.wait_for("service started")
        time.sleep(0.2)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        program.wait_until(lambda: refuses(host, port), what="the listener to close")
        slow.sendall(body[10:].encode())
        received = slow.recv(65536)
        assert received.startswith(b"HTTP/1.1 200"), received
        assert b"connection: close" in received.lower()
        assert service.end() == 0
        assert time.monotonic() - began < 8
    assert fields["webhook-id"] in kept_ids(service)


def refuses(host, port):
    try:
        socket.create_connection((host, port), timeout=5).close()
        return False
    except OSError:
        return True


@pytest.fixture(params=["plain", "TLS"])
def scheme(request, tmp_path):
    """What the intake's settings are to say, and the client's context."""
    if request.param == "plain":
        return {}, None
    authority = authorities.Authority(tmp_path / "authority")
    certificate, key = authority.issue("server", 0x1001)
    return {"tls": {"certificate": str(certificate), "key": str(key)}}, authority.trust()


def test_a_new_process_takes_the_ports_over_and_no_client_notices(
    started, quiet, tmp_path, scheme
):
    intake, trust = scheme
    options = {
        "config": quiet(intake=intake, takeover_seconds=60),
        "intake": program.free_port(),
        "console": program.free_port(),
    }
    service = program.Service(tmp_path / "data", **options)
    started.append(service)
    load = Load(service.hook, trust=trust)
    try:
        for _ in range(4):
            load.passed(300)
            successor = program.Service(tmp_path / "data", **options, wait=False)
            started.append(successor)
            successor.wait_for("waiting for the process before this one")
            assert service.end() == 0
            successor.listens()
            service = successor
        load.passed(300)
    finally:
        load.end()
    assert load.failures == []
    assert len(load.acknowledged) > 1500
    assert load.longest < HANDOVER_MOST
    assert set(load.acknowledged) <= kept_ids(service)
    print(f"{len(load.acknowledged)} over 4 restarts, {load.reconnected} kept connections closed")
    print(f"the longest wait of a new connection was {load.longest * 1000:.0f} ms")


@pytest.fixture
def succession(started, quiet, tmp_path):
    """Starts one service after the other on the same ports and the same data directory."""
    ports = {"intake": program.free_port(), "console": program.free_port()}

    def start(wait=True, **intake):
        config = quiet(takeover_seconds=60, intake=intake)
        service = program.Service(tmp_path / "data", config=config, **ports, wait=wait)
        started.append(service)
        if not wait:
            service.wait_for("waiting for the process before this one")
        return service

    return start


def slowly(service):
    """A delivery of which the last half has not been sent, and that half."""
    parts = urllib.parse.urlsplit(service.intake)
    body = deliveries.event()
    head = "POST /webhooks/openai HTTP/1.1\r\nHost: x\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in deliveries.headers(body).items())
    head += f"Content-Length: {len(body)}\r\n\r\n"
    connection = socket.create_connection((parts.hostname, parts.port), timeout=20)
    connection.sendall((head + body[:10]).encode())
    return connection, body[10:].encode()


def test_nobody_waits_for_a_slow_request_of_the_process_before(succession):
    service = succession()
    load = Load(service.hook)
    try:
        load.passed(100)
        successor = succession(wait=False)
        # However long the one before goes on, it serves.
        load.passed(100)
        time.sleep(HANDOVER_MOST)
        connection, rest = slowly(service)
        load.passed(20)
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("finishing what takes long")
        time.sleep(HANDOVER_MOST)
        assert service.process.poll() is None
        load.passed(100)
        with connection:
            connection.sendall(rest)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        assert service.end() == 0
        successor.listens()
        load.passed(300)
    finally:
        load.end()
    assert load.failures == []
    assert load.longest < HANDOVER_MOST
    print(f"the longest wait of a new connection was {load.longest * 1000:.0f} ms")


def test_a_request_that_never_ends_holds_the_next_process_up_for_the_grace(succession):
    service = succession(stop_grace_seconds=5)
    load = Load(service.hook)
    try:
        load.passed(100)
        successor = succession(wait=False)
        connection, _ = slowly(service)
        load.passed(20)
        with connection:
            began = time.monotonic()
            assert service.end() == 0
            assert 2.5 < time.monotonic() - began < 8
        successor.listens()
        load.passed(300)
    finally:
        load.end()
    assert load.failures == []
    assert load.longest < HANDOVER_MOST + FIRST_REQUEST_WAIT


def test_a_successor_goes_on_when_the_process_before_is_killed(succession):
    service = succession()
    load = Load(service.hook)
    try:
        load.passed(100)
        successor = succession(wait=False)
        service.kill()
        successor.listens()
        load.passed(300)
    finally:
        load.end()
    # What the killed one had accepted died with it, at most one connection of each client.
    assert len(load.failures) <= 8, load.failures
    for failure in load.failures:
        assert "Refused" not in failure, failure
    assert load.longest < HANDOVER_MOST
    assert set(load.acknowledged) <= kept_ids(successor)


def test_a_successor_that_dies_while_it_waits_takes_nobody_with_it(succession):
    service = succession()
    load = Load(service.hook)
    try:
        load.passed(100)
        succession(wait=False).kill()
        load.passed(300)
        assert load.failures == []
        # With nobody to take over, a stop is a stop.
        parts = urllib.parse.urlsplit(service.intake)
        assert service.end() == 0
        assert refuses(parts.hostname, parts.port)
    finally:
        load.end()
    assert "finishing what takes long" not in service.output


def test_of_several_successors_one_goes_on_and_the_others_wait_for_it(succession):
    service = succession()
    load = Load(service.hook)
    try:
        waiting = [succession(wait=False) for _ in range(2)]
        while waiting:
            load.passed(200)
            assert service.end() == 0
            service = program.wait_until(
                lambda: next((one for one in waiting if "listening intake" in one.output), None)
            )
            service.listens()
            waiting.remove(service)
            assert all(one.process.poll() is None for one in waiting)
            # It is known as a successor to the one that has gone on.
            time.sleep(0.5)
        load.passed(200)
    finally:
        load.end()
    assert load.failures == []
    assert load.longest < HANDOVER_MOST
    assert set(load.acknowledged) <= kept_ids(service)


def test_a_successor_that_is_not_let_in_gives_up_and_says_why(started, quiet, tmp_path):
    options = {
        "config": quiet(takeover_seconds=1),
        "intake": program.free_port(),
        "console": program.free_port(),
    }
    service = program.Service(tmp_path / "data", **options)
    started.append(service)
    successor = program.Service(tmp_path / "data", **options, wait=False)
    started.append(successor)
    assert successor.process.wait(20) == 1
    successor.wait_for("another reelhook")
    answer, _ = deliveries.deliver(service.hook, deliveries.event())
    assert answer.status == 200


def test_a_successor_that_cannot_serve_takes_no_connection(started, quiet, tmp_path):
    ports = {"intake": program.free_port(), "console": program.free_port()}
    service = program.Service(tmp_path / "data", config=quiet(takeover_seconds=30), **ports)
    started.append(service)
    tls = {"certificate": "/nowhere.pem", "key": "/nowhere.key"}
    broken = quiet(takeover_seconds=30, intake={"tls": tls})
    successor = program.Service(tmp_path / "data", config=broken, **ports, wait=False)
    started.append(successor)
    # At once, and not when the one before it has gone.
    assert successor.process.wait(20) == 1
    successor.wait_for("/nowhere.pem")
    assert "waiting for the process before this one" not in successor.output
    answer, _ = deliveries.deliver(service.hook, deliveries.event())
    assert answer.status == 200


def test_a_socket_that_a_supervisor_holds_refuses_nobody_over_a_restart(
    started, quiet, tmp_path, scheme
):
    intake, trust = scheme
    with socket.create_server(("127.0.0.1", 0), backlog=512) as held, socket.create_server(
        ("127.0.0.1", 0), backlog=64
    ) as held_console, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(30)
        numbers = [held.fileno(), held_console.fileno()]
        options = {
            "config": quiet(intake=intake),
            "env": {"NOTIFY_SOCKET": str(tmp_path / "notify")},
            "under": [sys.executable, "-c", HAND_OVER, ",".join(map(str, numbers))],
            "descriptors": numbers,
        }

        def start():
            service = program.Service(tmp_path / "data", **options)
            started.append(service)
            assert b"READY=1" in told.recv(4096)
            return service

        service = start()
        assert service.intake.endswith(f":{held.getsockname()[1]}")
        assert service.console.endswith(f":{held_console.getsockname()[1]}")
        load = Load(service.hook, trust=trust)
        try:
            for _ in range(4):
                load.passed(300)
                assert service.end() == 0
                assert b"STOPPING=1" in told.recv(4096)
                service = start()
            load.passed(300)
        finally:
            load.end()
    assert load.failures == []
    assert set(load.acknowledged) <= kept_ids(service)


def test_systemds_own_program_hands_its_sockets_over(started, quiet, tmp_path):
    activate = shutil.which("systemd-socket-activate")
    if not activate:
        pytest.skip("systemd-socket-activate is not installed")
    port, console = program.free_port(), program.free_port()
    words = [activate, "-l", f"127.0.0.1:{port}", "-l", f"127.0.0.1:{console}"]
    words += ["-E", "OPENAI_WEBHOOK_SECRET", "-E", "PATH"]
    service = program.Service(tmp_path / "data", config=quiet(), under=words, wait=False)
    started.append(service)
    service.wait_for("Listening on")
    # The first who connects is what it starts the service for, and is served.
    answer, _ = deliveries.deliver(f"http://127.0.0.1:{port}/webhooks/openai", deliveries.event())
    assert answer.status == 200
    service.listens()
    assert service.console.endswith(f":{console}")
    assert service.end() == 0
