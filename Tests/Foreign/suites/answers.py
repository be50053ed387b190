"""What other people's readers say of the answers: h11 as a strict client, and httplint."""

import h11
import httplint
from httplint.note import levels

from case import Case, Want

ANY = Want(0, 1 << 30, "either")
REQUESTS = {
    "health": b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "no such path": b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
    "head": b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    "wrong method": b"PUT /webhooks/openai HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "unsigned": b"POST /webhooks/openai HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    "malformed": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "version": b"GET / HTTP/3.0\r\nHost: a\r\n\r\n",
    "long target": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "large fields": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
    "large content": b"POST /webhooks/openai HTTP/1.1\r\nHost: a\r\n"
                     b"Content-Length: 99999999\r\n\r\n",
    "old version": b"GET /healthz HTTP/1.0\r\n\r\n",
    "close": b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
}


def cases(_):
    for name, data in REQUESTS.items():
        yield Case("answers", name, data, ANY)


def read_answer(raw, is_closed, method):
    """The head of the first answer, its content and what follows it, as h11 reads them.

    An interim answer that nothing follows has no head: more of the request is waited for.
    """
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(raw)
    if is_closed:
        client.receive_data(b"")
    head, content, is_interim = None, b"", False
    while True:
        event = client.next_event()
        if isinstance(event, h11.InformationalResponse):
            is_interim = True
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            content += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return head, content, client.trailing_data[0]
        elif event in (h11.NEED_DATA, h11.PAUSED):
            if is_interim and not head:
                return None, b"", b""
            raise h11.RemoteProtocolError("the answer is not whole")


def by_h11(case, outcome):
    """What h11 has against the answers, or None."""
    raw, method = outcome.raw, "HEAD" if case.data.startswith(b"HEAD ") else "GET"
    try:
        while raw:
            _, _, raw = read_answer(raw, outcome.end != "open", method)
            method = "GET"
    except h11.RemoteProtocolError as error:
        return str(error)
    return None


def by_httplint(case, outcome):
    """The notes of httplint that call the first answer bad, or None."""
    method = "HEAD" if case.data.startswith(b"HEAD ") else "GET"
    try:
        head, content, _ = read_answer(outcome.raw, outcome.end != "open", method)
    except h11.RemoteProtocolError as error:
        return str(error)
    fields = list(head.headers.raw_items())
    # Some statuses are bad news in themselves.
    bare = [field for field in fields if field[0].lower() == b"content-length"]
    bad = bad_notes(head, fields, content, method) - bad_notes(head, bare, content, method)
    return "; ".join(sorted(bad)) or None


def bad_notes(head, fields, content, method):
    lint = httplint.HttpResponseLinter(no_content=method == "HEAD")
    lint.process_response_topline(b"HTTP/1.1", b"%d" % head.status_code, bytes(head.reason))
    lint.process_headers(fields)
    lint.feed_content(content)
    lint.finish_content(True)
    return {str(note.summary) for note in lint.notes if note.level == levels.BAD}
