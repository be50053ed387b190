"""One server under one load: started, checked, loaded, counted, stopped."""

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

import servers


@dataclasses.dataclass
class Result:
    """What one run has shown; the spans in milliseconds."""

    rate: float = 0
    p50: float = 0
    p99: float = 0
    p999: float = 0
    largest: float = 0
    late: float = 0
    memory: float = 0
    ready: float = 0
    unanswered: int = 0
    faults: list = dataclasses.field(default_factory=list)


class DidNotWork(Exception):
    """A server that could not be measured; says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request(port, tls, path, fields=(), body=b"", method="POST", timeout=10):
    """Makes one request on a connection of its own; returns the status and the content."""
    with socket.create_connection(("127.0.0.1", port), timeout) as plain:
        stream = plain
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            stream = context.wrap_socket(plain)
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close",
                 f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in fields)]
        stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        answer = b""
        while piece := stream.recv(65536):
            answer += piece
    head, _, content = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1."):
        raise DidNotWork("no answer")
    return int(head[9:12]), content


def delivery(label, is_forged=False):
    """The fields and the content of a delivery, signed as the load's are."""
    body = b'{"id":"evt_%s","object":"event","type":"response.completed","data":{}}' % label
    moment = b"%d" % time.time()
    key = b"\0" * 32 if is_forged else servers.KEY

    def mac(text):
        return hmac.digest(key, text, hashlib.sha256)

    signature = base64.b64encode(mac(b"wh_%s.%s.%s" % (label, moment, body))).decode()
    fields = [("Content-Type", "application/json"), ("webhook-id", f"wh_{label.decode()}"),
              ("webhook-timestamp", moment.decode()), ("webhook-signature", "v1," + signature),
              ("X-Signature", "sha256=" + mac(body).hex())]
    return fields, body


def wait_until_ready(process, port, tls, began):
    """Milliseconds from the start of a server to its first answer."""
    while time.perf_counter() < began + 20:
        if process.poll() is not None:
            raise DidNotWork(f"ended with {process.returncode}")
        try:
            status, _ = request(port, tls, "/readyz", method="GET")
        except (ConnectionRefusedError, ConnectionResetError):
            time.sleep(0.0005)
            continue
        except (OSError, DidNotWork) as error:
            raise DidNotWork(f"no answer: {error}") from None
        if status != 503:
            return (time.perf_counter() - began) * 1000
    raise DidNotWork("not ready within 20 s")


def check_answers(server, port, tls):
    """Faults of a server that takes what is forged, or refuses what is not."""
    faults = []
    for is_forged in (False, True):
        label = b"forged" if is_forged else b"genuine"
        status, _ = request(port, tls, "/webhooks/openai", *delivery(label, is_forged))
        wanted = not (is_forged and server.verifies)
        if (status == 200) != wanted:
            faults.append(f"a {label.decode()} delivery was answered {status}")
    return faults


def peak_memory(pid):
    """The largest resident size of a process and its children, in MiB."""
    pids = [pid]
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    pids += [int(text) for text in children.stdout.split()]
    total = 0
    for one in pids:
        try:
            status = pathlib.Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue  # A command of `webhook` that has ended.
        match = re.search(r"VmHWM:\s+(\d+)", status)
        total += int(match.group(1)) if match else 0
    return total / 1024


def stored(folder):
    """How many deliveries the journal of a Reelhook that has ended holds."""
    listed = subprocess.run(
        [servers.binary(), "events", "list", "--json", "--limit", "1",
         "--data", folder / "place/data"],
        capture_output=True, text=True,
    )
    return json.loads(listed.stdout)["sequence"] if listed.stdout else 0


def load(folder, server, port, tls, connections, seconds, warm, rate):
    words = [folder / "load", "--port", port, "--connections", connections, "--seconds", seconds,
             "--warm", warm, "--most", server.most_per_second * (seconds + warm)]
    words += ["--rate", rate] if rate else []
    words += ["--tls"] if tls else []
    words += ["--body-mac"] if server.body_mac else []
    if server.core is not None:
        words = ["taskset", "-c", 1 - server.core, *words, "--threads", 1]
    run = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if run.returncode != 0:
        raise DidNotWork(run.stderr.strip() or f"the load ended with {run.returncode}")
    return json.loads(run.stdout)


def measure(folder, server, tls, connections, seconds, warm=1, rate=None):
    """Runs one server under one load; with a rate as an open loop."""
    port = free_port()
    began = time.perf_counter()
    process = servers.start(server, folder, port, tls)
    try:
        result = Result(ready=wait_until_ready(process, port, tls, began))
        result.faults += check_answers(server, port, tls)
        told = load(folder, server, port, tls, connections, seconds, warm, rate)
        result.memory = peak_memory(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    result.rate = told["rate"]
    result.p50, result.p99 = told["p50_us"] / 1000, told["p99_us"] / 1000
    result.p999, result.largest = told["p999_us"] / 1000, told["largest_us"] / 1000
    result.late = told["late_p99_us"] / 1000
    result.unanswered = told["unanswered"]
    for what in ("refused", "duplicates", "broken", "unanswered"):
        # A server that cannot keep up with a rate is slow, and not wrong.
        if told[what] and not (rate and what == "unanswered"):
            result.faults.append(f"{told[what]} {what}: {told['first_wrong']}")
    if server.name.startswith("reelhook") and stored(folder) < told["accepted"]:
        result.faults.append(f"{told['accepted']} accepted, and {stored(folder)} stored")
    return result


def fsync_spans(folder, count=400):
    """How long the disk takes for 4 KiB, as often as asked, in milliseconds."""
    spans = []
    with open(folder / "fsync", "wb", buffering=0) as file:
        for _ in range(count):
            file.write(os.urandom(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            spans.append((time.perf_counter() - began) * 1000)
    return spans
