"""The receivers that are measured: how each is built and started, and what it promises."""

import base64
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclasses.dataclass(frozen=True)
class Server:
    """One row of the table."""

    name: str
    title: str
    verifies: bool
    keeps: bool
    # Deliveries signed for each second of a closed loop: more than it can answer.
    most_per_second: int
    # The one core it may use, the load having the other; otherwise both share all.
    core: int | None = None
    # Its signature rule knows the content alone, so that gets a signature of its own.
    body_mac: bool = False


SERVERS = {
    server.name: server
    for server in (
        Server("nginx", "nginx, one worker, constant", False, False, 200_000),
        Server("reelhook", "reelhook", True, True, 120_000),
        Server("go", "Go net/http", True, False, 120_000),
        Server("node", "Node http", True, False, 80_000),
        Server("webhook", "webhook, runs /bin/true", True, False, 20_000, body_mac=True),
        Server("fastapi", "FastAPI, SDK, SQLite", True, True, 15_000),
        Server("reelhook-1", "reelhook, one core", True, True, 120_000, core=0),
        Server("go-1", "Go, GOMAXPROCS=1, one core", True, False, 120_000, core=0),
    )
}


def build(folder, names):
    """Builds the load generator and what of the peers has to be built."""
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-format-truncation", "-pthread",
         HERE / "load.c", "-o", folder / "load", "-lssl", "-lcrypto"],
        check=True,
    )
    if any(name.startswith("go") for name in names):
        subprocess.run(
            ["go", "build", "-o", folder / "receiver-go", HERE / "peers/receiver.go"],
            check=True,
            env=dict(os.environ, GOCACHE=str(folder / "go-cache"), GO111MODULE="off"),
        )
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True,
        capture_output=True,
    )


def binary():
    return os.environ.get("REELHOOK_BINARY", str(ROOT / ".build/release/reelhook"))


def start(server, folder, port, tls):
    """Starts a server on a port of the loopback, its files in a fresh folder below `folder`."""
    place = folder / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    pair = (str(folder / "certificate.pem"), str(folder / "key.pem")) if tls else ()
    words, more = COMMANDS[server.name.removesuffix("-1")](folder, place, port, pair)
    if server.core is not None:
        words = ["taskset", "-c", str(server.core), *words]
        more = {**more, "GOMAXPROCS": "1"}
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(place), "OPENAI_WEBHOOK_SECRET": SECRET, **more,
    }
    return subprocess.Popen(
        [str(word) for word in words], cwd=place, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


def nginx(folder, place, port, pair):
    tls = " ssl; ssl_certificate %s; ssl_certificate_key %s" % pair if pair else ""
    (place / "nginx.conf").write_text(
        "daemon off; worker_processes 1; pid %(place)s/pid; error_log /dev/null;"
        "events { worker_connections 4096; } http { access_log off; keepalive_requests 100000000;"
        "client_body_temp_path %(place)s/b; proxy_temp_path %(place)s/p;"
        "fastcgi_temp_path %(place)s/f; uwsgi_temp_path %(place)s/u; scgi_temp_path %(place)s/s;"
        "server { listen 127.0.0.1:%(port)d%(tls)s;"
        " location / { return 200 '{\"received\":true}'; } } }"
        % {"place": place, "port": port, "tls": tls}
    )
    return ["nginx", "-c", place / "nginx.conf", "-e", "/dev/null"], {}


def reelhook(folder, place, port, pair):
    words = [binary(), "serve", "--data", place / "data", "--listen", f"127.0.0.1:{port}",
             "--console", "127.0.0.1:0"]
    more = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "REELHOOK_LOG_LEVEL": "error"}
    if pair:
        more |= {"REELHOOK_TLS_CERTIFICATE": pair[0], "REELHOOK_TLS_KEY": pair[1]}
    return words, more


def go(folder, place, port, pair):
    return [folder / "receiver-go", port, *pair], {}


def node(folder, place, port, pair):
    return ["node", HERE / "peers/receiver.js", port, *pair], {}


def webhook(folder, place, port, pair):
    # It answers when the command is done. Left to itself it answers before, and the commands of
    # all that it has answered pile up without a limit.
    rule = {"match": {"type": "payload-hmac-sha256", "secret": KEY.decode(),
                      "parameter": {"source": "header", "name": "X-Signature"}}}
    hook = {"id": "openai", "execute-command": "/bin/true", "http-methods": ["POST"],
            "include-command-output-in-response": True, "trigger-rule": rule,
            "trigger-rule-mismatch-http-response-code": 401}
    (place / "hooks.json").write_text(json.dumps([hook]))
    tls = ["-secure", "-cert", pair[0], "-key", pair[1]] if pair else []
    return ["webhook", "-ip", "127.0.0.1", "-port", port, "-urlprefix", "webhooks",
            "-hooks", place / "hooks.json", *tls], {}


def fastapi(folder, place, port, pair):
    tls = ["--ssl-certfile", pair[0], "--ssl-keyfile", pair[1]] if pair else []
    return [ROOT / ".venv/bin/python", "-m", "uvicorn", "receiver:app", "--port", port,
            "--app-dir", HERE / "peers", "--log-level", "critical", "--no-access-log",
            "--backlog", 4096, *tls], {"JOURNAL": str(place / "peer.db")}


COMMANDS = {one.__name__: one for one in (nginx, reelhook, go, node, webhook, fastapi)}
