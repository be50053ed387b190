"""Our own raw cases, to see what other servers make of them: fixtures/http1."""

import pathlib
import re

from case import Case, refuses, takes, waits

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures/http1"


def unescape(line):
    simple = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}

    def one(match):
        inside = match[1]
        if inside[0] == "x":
            return chr(int(inside[1:], 16))
        if inside[0] == "{":
            count, text = inside[1:-1].split(":", 1)
            return unescape_text(text) * int(count)
        return simple[inside]

    def unescape_text(text):
        return re.sub(r"\\(x[0-9a-fA-F]{2}|\{[0-9]+:[^}]*\}|[rnt\\])", one, text)

    return unescape_text(line).encode("latin-1")


def cases(_):
    for path in sorted(FIXTURES.glob("*/*.http")):
        text = path.read_bytes().decode("latin-1")
        head, rest = text.split("--- input\n", 1)
        if re.search(r"^limit:", head, re.M):
            continue  # The limits are those of the case, and not of a running server.
        given, wanted = rest.split("--- expect\n", 1)
        lines = wanted.splitlines()
        taken = sum(line.startswith("request ") for line in lines)
        is_refused = any(line.startswith("refused ") for line in lines)
        want = refuses(taken, closes=True) if is_refused else takes(taken)
        if taken == 0 and not is_refused:
            want = waits()
        data = b"".join(unescape(line) for line in given.splitlines())
        yield Case("own", f"{path.parent.name}/{path.stem}", data, want)
