"""A `/v1/videos` server on plain sockets, for what no honest HTTP server can be made to send."""

import json
import pathlib
import time

import listener
import program

FILM = (program.ROOT / "fixtures/media/valid/video.mp4").read_bytes()


class Provider(listener.Listener):
    """Knows every video as completed; `content` and `status` write an answer's bytes themselves."""

    def __init__(self, content=None, status=None):
        self.content = content or (lambda connection, request: send(connection, FILM))
        self.status = status or self.completed
        self.requests = []
        self.created_at = int(time.time())
        super().__init__()

    def completed(self, connection, request):
        """The plain answer: the video is completed."""
        send(connection, json.dumps(self.video(request.video)).encode(), "application/json")

    def video(self, id):
        return {
            "id": id,
            "object": "video",
            "model": "sora-2",
            "status": "completed",
            "progress": 100,
            "created_at": self.created_at,
            "completed_at": self.created_at + 1,
            "expires_at": self.created_at + 3601,
            "prompt": "A reel",
            "size": "720x1280",
            "seconds": "4",
            "remixed_from_video_id": None,
            "error": None,
        }

    def serve(self, connection):
        with connection:
            try:
                request = Request(connection)
                self.requests.append(request)
                if request.path == "/v1/videos":
                    send(connection, b'{"object":"list","data":[],"has_more":false}')
                elif not request.path.endswith("/content"):
                    self.status(connection, request)
                elif request.query in ("", "variant=video"):
                    self.content(connection, request)
                else:
                    error = b'{"error":{"message":"no such variant","type":"invalid_request_error"}}'
                    send(connection, error, "application/json", "404 Not Found")
            except (OSError, ValueError):
                pass


class Request:
    """The head of a request; one is answered on each connection."""

    def __init__(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                raise ValueError("no request")
            data += piece
        head = data.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")
        self.method, target, _ = head[0].split(" ")
        self.path, _, self.query = target.partition("?")
        self.headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        pieces = self.path.split("/")
        self.video = pieces[3] if len(pieces) > 3 else ""


def send(connection, body, type="video/mp4", status="200 OK", length=None, extra=""):
    """Writes an answer whose Content-Length may be a lie."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {type}\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n"
        f"{extra}Connection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
