"""The release binary as a victim: started for an attack, with valid deliveries beside it."""

import base64
import dataclasses
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import queue
import re
import resource
import secrets
import ssl
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = bytes(range(32))
PATH = "/webhooks/openai"
# How many times their usual p99 deliveries may take beside an attack.
TIMES_MOST = 5


def binary():
    """REELHOOK_BINARY, or the release build, which is made anew."""
    named = os.environ.get("REELHOOK_BINARY")
    if named:
        return named
    subprocess.run(
        ["swift", "build", "-c", "release", "--product", "reelhook"], cwd=ROOT, check=True
    )
    return str(ROOT / ".build/release/reelhook")


def install(*packages):
    subprocess.run([str(ROOT / "deploy/packages"), *packages], check=True)


def raise_descriptor_limit(count):
    """Allows this process that many open files, and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            return
        except (PermissionError, ValueError):
            raise SystemExit(f"needs {count} open files, and only {hard} are allowed: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))


def delivery(number):
    """The content and the fields of a signed delivery of its own."""
    body = json.dumps(
        {
            "id": f"evt_{number}_{secrets.token_hex(8)}",
            "object": "event",
            "created_at": int(time.time()),
            "type": "video.completed",
            "data": {"id": f"video_{secrets.token_hex(12)}"},
        }
    ).encode()
    id, moment = f"wh_{secrets.token_hex(16)}", str(int(time.time()))
    code = hmac.new(KEY, f"{id}.{moment}.".encode() + body, hashlib.sha256).digest()
    return body, {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(code).decode(),
    }


class Victim:
    """A running service on a data directory of its own; ends with the `with` block."""

    def __init__(self, tls=False, environment=None, **intake):
        self._folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self._folder.name)
        self.trust = None
        if tls:
            self._certify(folder)
            intake["tls"] = {"certificate": f"{folder}/cert.pem", "key": f"{folder}/key.pem"}
        config = {
            "data": f"{folder}/data",
            "log": {"level": "error"},
            "intake": {"listen": "127.0.0.1:0", **intake},
            "console": {"listen": "127.0.0.1:0"},
            # Deliveries are kept and handed to nobody: what is measured is the intake.
            "chains": [],
            "polling": {"enabled": False},
        }
        (folder / "config.json").write_text(json.dumps(config))
        secret = "whsec_" + base64.b64encode(KEY).decode()
        self.process = subprocess.Popen(
            [binary(), "serve", "--config", f"{folder}/config.json"],
            env={
                "PATH": os.environ["PATH"],
                "OPENAI_WEBHOOK_SECRET": secret,
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = ""
        for line in self.process.stderr:
            found = re.search(r"listening intake https?://([^:]+):(\d+)", line)
            if found:
                self.host, self.port = found[1], int(found[2])
                break
        else:
            raise SystemExit(f"the service did not start: {line}")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def _certify(self, folder):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-sha256", "-days", "2", "-subj", "/CN=victim"]
            + ["-addext", "subjectAltName=IP:127.0.0.1"]
            + ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
            check=True,
            capture_output=True,
        )
        self.trust = ssl.create_default_context(cafile=str(folder / "cert.pem"))

    @property
    def url(self):
        return f"{'https' if self.trust else 'http'}://{self.host}:{self.port}"

    def connect(self, timeout=60):
        if self.trust:
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=self.trust
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    @property
    def resident_bytes(self):
        """VmRSS of proc(5)."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self._folder.cleanup()


@dataclasses.dataclass
class Served:
    """What became of valid deliveries at a fixed rate, counted from the intended moments."""

    spans: list
    failures: list

    def quantile(self, share):
        """In milliseconds; NaN when none was served."""
        ordered = sorted(self.spans)
        return ordered[int((len(ordered) - 1) * share)] * 1000 if ordered else float("nan")

    def fault(self, usual, slack):
        """What is wrong beside deliveries that nobody disturbed; empty when nothing is.

        Their p99 may be five times as long, and `slack` milliseconds longer still: what a busy
        machine of two cores does to either, and far less than any attack's own time limit.
        """
        if self.failures:
            return f"not served: {self.failures[0]}"
        most = TIMES_MOST * usual.quantile(0.99) + slack
        return "" if self.quantile(0.99) <= most else f"slow: p99 is above {most:.0f} ms"

    def __str__(self):
        return (
            f"{len(self.spans):6} served, {len(self.failures)} not,"
            f" p50 {self.quantile(0.5):7.2f} ms, p99 {self.quantile(0.99):7.2f} ms"
        )


def deliver(victim, seconds, rate=100, clients=16):
    """Sends valid deliveries at a rate, over connections that are kept; a late one counts late."""
    moments = queue.SimpleQueue()
    begin = time.monotonic() + 0.05
    for number in range(int(seconds * rate)):
        moments.put((begin + number / rate, number))
    spans, failures = [], []

    def client():
        connection = victim.connect()
        while True:
            try:
                moment, number = moments.get_nowait()
            except queue.Empty:
                break
            body, fields = delivery(number)
            time.sleep(max(0, moment - time.monotonic()))
            try:
                connection.request("POST", PATH, body, fields)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise http.client.HTTPException(f"status {answer.status}")
                spans.append(time.monotonic() - moment)
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))
                connection.close()
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Served(spans, failures)
