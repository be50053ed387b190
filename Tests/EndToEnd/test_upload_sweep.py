"""Uploads that nobody goes on with are thrown away: a store charges for their parts."""

import http.server
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET

import pytest

import program

OLD = time.time() - 25 * 3600
YOUNG = time.time() - 3600

# The key of an upload, when it was begun, and whether it is to go.
UPLOADS = [
    ("reels/video_1/video.mp4", OLD, True),
    ("reels/video_2/thumbnail.webp", OLD, True),
    ("reels/video_3/video.mp4", YOUNG, False),
    # Of somebody else who works below the same prefix.
    ("reels/backups/2026.tar", OLD, False),
    ("reels/index.html", OLD, False),
]


class Store(http.server.ThreadingHTTPServer):
    """As much of S3 as a sweep needs; a real one cannot be given uploads of yesterday."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests = []
        self.open = dict.fromkeys(key for key, _, _ in UPLOADS)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        key = urllib.parse.unquote(parts.path).removeprefix("/bucket").lstrip("/")
        self.server.requests.append((self.command, key, query, dict(self.headers)))
        if self.command == "GET" and "uploads" in query:
            return self.answer(200, self.listing())
        if self.command == "DELETE" and "uploadId" in query:
            self.server.open.pop(key, None)
            return self.answer(204)
        self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_GET = do_DELETE = do_HEAD = do_PUT = handle_any

    def listing(self):
        root = ET.Element("ListMultipartUploadsResult")
        for key, begun, _ in UPLOADS:
            if key in self.server.open:
                upload = ET.SubElement(root, "Upload")
                ET.SubElement(upload, "Key").text = key
                ET.SubElement(upload, "UploadId").text = "id of " + key
                moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(begun))
                ET.SubElement(upload, "Initiated").text = moment
        return ET.tostring(root)


@pytest.fixture
def store(started):
    started.append(Store())
    return started[-1]


def test_old_uploads_of_ours_are_thrown_away(serve, provide, store, configured):
    settings = {
        "endpoint": store.url,
        "bucket": "bucket",
        "region": "auto",
        "prefix": "reels/",
        "access_key_id": "reel",
        "secret_access_key": {"env": "STORE_SECRET"},
    }
    service = serve(
        provide(),
        config=configured({"store": {"s3": settings}}),
        env={"STORE_SECRET": "quiet"},
    )
    service.wait_for("unfinished uploads thrown away")
    assert set(store.open) == {key for key, _, goes in UPLOADS if not goes}
    gone = [request for request in store.requests if request[0] == "DELETE"]
    assert [(key, query["uploadId"]) for _, key, query, _ in gone] == [
        (key, ["id of " + key]) for key, _, goes in UPLOADS if goes
    ]
    for _, _, _, headers in store.requests:
        assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=reel/")
    program.wait_until(lambda: "count=2" in service.output or '"count":2' in service.output)
