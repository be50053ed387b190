"""Whether the load tells of a stall: it is driven against a server that stops for one second."""

import asyncio
import dataclasses
import json
import subprocess
import threading
import time

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"received":true}'
# The load warms up for one second and then counts for four.
STALL_AFTER, STALL, SECONDS = 2.5, 1.0, 4


class StallingServer(threading.Thread):
    """Answers each request at once, except that it sleeps once, some time after the first."""

    def __init__(self):
        super().__init__(daemon=True)
        self.port, self.first, self.has_stalled = None, None, False
        self.is_up = threading.Event()
        self.start()
        self.is_up.wait(10)

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.connection, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self.is_up.set()
        await server.serve_forever()

    async def connection(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                self.first = self.first or time.monotonic()
                if not self.has_stalled and time.monotonic() > self.first + STALL_AFTER:
                    self.has_stalled = True
                    time.sleep(STALL)  # All connections stop, which is the point.
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@dataclasses.dataclass
class Expectation:
    """A figure in milliseconds, and what it must lie between."""

    text: str
    seen: float
    least: float
    most: float


def drive(folder, *more):
    words = [folder / "load", "--port", StallingServer().port, "--connections", 16, "--seconds",
             SECONDS, "--most", 200000, *more]
    run = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def check(folder):
    """Drives both loops and compares; prints each figure and returns 0 when all are right."""
    opened, closed = drive(folder, "--rate", 500), drive(folder)
    # A quarter of an open loop's deliveries belongs into the stall, and waits evenly between
    # nothing and all of it: so a tenth waits longer than 0.6 of it, and a hundredth than 0.96.
    expectations = [
        Expectation("open loop, median", opened["p50_us"] / 1000, 0, 100),
        Expectation("open loop, p90", opened["p90_us"] / 1000, 500, 800),
        Expectation("open loop, p99", opened["p99_us"] / 1000, 900, 1200),
        Expectation("open loop, largest", opened["largest_us"] / 1000, 980, 1300),
        Expectation("closed loop, p99, blind to it", closed["p99_us"] / 1000, 0, 200),
    ]
    is_right = True
    for one in expectations:
        is_within = one.least <= one.seen <= one.most
        is_right = is_right and is_within
        print(f"{'right' if is_within else 'WRONG':6} {one.text}: {one.seen:.1f} ms, "
              f"between {one.least} and {one.most}")
    return 0 if is_right else 1
