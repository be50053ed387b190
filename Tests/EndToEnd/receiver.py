"""A receiver of signed deliveries, which other people's verifiers check."""

import http.server
import json
import threading

import openai
import standardwebhooks


class Receiver:
    """Keeps every delivery; `answer` decides each one's status from the number before it."""

    def __init__(self, secret, answer=lambda index: 200):
        self.secret = secret
        self.answer = answer
        self.deliveries = []
        self.faults = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver._take(self.headers, body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, headers, body):
        fields = {name.lower(): value for name, value in headers.items()}
        try:
            standardwebhooks.Webhook(self.secret).verify(body, fields)
            client = openai.OpenAI(api_key="unused", webhook_secret=self.secret)
            client.webhooks.verify_signature(body, fields)
            event = client.webhooks.unwrap(body, fields)
            assert event.type == json.loads(body)["type"]
        except Exception as fault:  # noqa: BLE001 - whatever a verifier dislikes is a finding
            self.faults.append(repr(fault))
        with self._lock:
            index = len(self.deliveries)
            status = self.answer(index)
            self.deliveries.append((status, fields, json.loads(body)))
        return status

    @property
    def accepted(self):
        return [(fields, body) for status, fields, body in self.deliveries if status < 300]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
