"""Bytes to a server, and what comes back, read without trust in either."""

import asyncio
import dataclasses
import re
import ssl

# What a server says when it does not take the message itself, whatever it thinks of its meaning.
REFUSALS = {400, 408, 411, 413, 414, 415, 417, 421, 426, 431, 501, 505}
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: [^\r\n]*)?\r\n")
AT_ONCE = 48


@dataclasses.dataclass
class Outcome:
    """The answers to one case, and how the connection stands when all is quiet."""

    raw: bytes
    end: str  # open, closed or reset
    statuses: list  # of the final answers
    interim: list  # of the 1xx before them

    @property
    def taken(self):
        """How many requests were taken before one was refused."""
        for number, status in enumerate(self.statuses):
            if status in REFUSALS:
                return number
        return len(self.statuses)

    @property
    def is_refused(self):
        return self.taken < len(self.statuses)

    @property
    def is_open(self):
        return self.end == "open"

    def __str__(self):
        answers = " ".join(map(str, self.interim + self.statuses)) or "no answer"
        return f"{answers}, {self.end}"


def read_answers(raw, first_method=b""):
    """The statuses of the final and of the interim answers in what a server has sent."""
    final, interim, at = [], [], 0
    while match := STATUS_LINE.match(raw, at):
        status = int(match[1])
        (interim if 100 <= status < 200 and status != 101 else final).append(status)
        end = raw.find(b"\r\n\r\n", match.end() - 2)
        if end < 0:
            break
        head, at = raw[match.end():end + 2].lower(), end + 4
        at = end_of_content(raw, at, head, status, len(final) == 1 and first_method == b"HEAD")
    return final, interim


def end_of_content(raw, at, head, status, is_head):
    if status < 200 or status in (204, 304) or is_head or STATUS_LINE.match(raw, at):
        return at
    if re.search(rb"(?:^|\n)transfer-encoding:[^\r]*chunked", head):
        while match := re.compile(rb"([0-9a-f]+)[^\r]*\r\n", re.I).match(raw, at):
            size = int(match[1], 16)
            at = match.end() + size + 2
            if size == 0:
                break
        return at
    length = re.search(rb"(?:^|\n)content-length: *([0-9]+)", head)
    return at + int(length[1]) if length else len(raw)


def trusting():
    """TLS with whoever is there: it is our own certificate, made a moment ago."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


TLS = trusting()


async def send(server, case, quiet):
    """Sends a case whole, and reads until the connection ends or is quiet for that many seconds."""
    raw, end = b"", "open"
    tls = TLS if server.pair else None
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=tls)

    async def push():
        try:
            writer.write(case.data)
            await writer.drain()
            if case.ends:
                writer.write_eof()
        except OSError:
            pass  # Reading tells.

    pushing = asyncio.create_task(push())
    try:
        while True:
            piece = await asyncio.wait_for(reader.read(65536), quiet)
            if not piece:
                end = "closed"
                break
            raw += piece
    except (asyncio.TimeoutError, TimeoutError):
        pass
    except OSError:
        end = "reset"
    pushing.cancel()
    writer.transport.abort()
    statuses, interim = read_answers(raw, case.data.lstrip(b"\r\n").split(b" ")[0])
    return Outcome(raw, end, statuses, interim)


async def send_all(server, cases, quiet, at_once):
    """The outcome of each case, in their order; cases go at the same time, on own connections."""
    places = asyncio.Semaphore(at_once)

    async def one(case):
        async with places:
            return await send(server, case, quiet)

    return await asyncio.gather(*(one(case) for case in cases))


def outcomes(server, cases, quiet):
    """The outcome of each case; one that may only have been slow is sent again, in less company."""
    results = asyncio.run(send_all(server, cases, quiet, AT_ONCE))
    again = [number for number, case in enumerate(cases)
             if results[number].is_open and not case.want.is_met(results[number])]
    patient = asyncio.run(send_all(
        server, [cases[number] for number in again], 2 * quiet, AT_ONCE // 4))
    for number, outcome in zip(again, patient):
        results[number] = outcome
    return results
