"""The spellings of Transfer-Encoding of defparam/smuggler: configs/*.py of a clone.

Each stands beside a Content-Length, in two requests: one that ends later by the length, one that
ends later by the chunks. What the other reading leaves over is a request, and is never answered.
"""

import types

from case import Case, takes_or_refuses

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: example.com\r\n\r\n"


def mutations(path):
    """The header lines that a configuration makes; it is a program, and is run as one."""
    made = {}
    scope = {"mutations": made, "Payload": lambda: types.SimpleNamespace(header="")}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    for name, payload in made.items():
        yield name, payload.header.split("\r\n", 1)[1].split("\r\nHost:", 1)[0].encode("latin-1")


def request(field, length, content):
    head = b"POST / HTTP/1.1\r\nHost: example.com\r\n" + field
    return head + b"\r\nContent-Length: %d\r\n\r\n" % length + content


def cases(clone):
    seen = set()
    for path in sorted((clone / "configs").glob("*.py")):
        for name, field in mutations(path):
            if field in seen:
                continue
            seen.add(field)
            by_length = b"0\r\n\r\n" + HIDDEN
            by_chunks = b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n"
            yield Case("smuggler", f"{path.stem}/{name} by length",
                       request(field, len(by_length), by_length), takes_or_refuses())
            yield Case("smuggler", f"{path.stem}/{name} by chunks",
                       request(field, by_chunks.index(b"GET"), by_chunks), takes_or_refuses())
