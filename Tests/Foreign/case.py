"""A case of a suite: bytes, and what the suite wants to come of them."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Want:
    """What is to come of a case."""

    # How many requests are to be taken: from, to.
    least: int = 0
    most: int = 0
    # What is to follow them: "refusal", "nothing" or "either".
    then: str = "nothing"
    # Whether the connection is to be over when something was refused or doubtful.
    closes: bool = False
    # Whether the server is to wait for more, rather than to end the connection.
    waits: bool = False

    def is_met(self, outcome):
        if not self.least <= outcome.taken <= self.most:
            return False
        if self.waits and not outcome.is_open:
            return False
        # A connection that is ended without an answer is a refusal as well.
        fewer = outcome.taken < max(self.most, 1) or self.then == "refusal"
        is_refused = outcome.is_refused or (not outcome.is_open and fewer)
        if self.then == "refusal" and not is_refused:
            return False
        if self.then == "nothing" and outcome.is_refused:
            return False
        return not (self.closes and outcome.is_open)

    def __str__(self):
        taken = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        end = {"refusal": ", then a refusal", "nothing": "", "either": ", or a refusal"}[self.then]
        more = ", and waits" if self.waits else ", and closes" if self.closes else ""
        return f"{taken} taken{end}{more}"


def takes(count=1):
    """So many requests are taken, and nothing more comes."""
    return Want(count, count)


def refuses(after=0, closes=False):
    """After so many requests something is refused, by an answer or by the end."""
    return Want(after, after, "refusal", closes)


def waits():
    """The request is not whole, and nothing is wrong with it yet."""
    return Want(waits=True)


def takes_or_refuses(closes=False):
    """One request is taken or refused; nothing behind it is answered."""
    return Want(0, 1, "either", closes)


@dataclasses.dataclass(frozen=True)
class Case:
    suite: str
    name: str
    data: bytes
    want: Want
    # The client ends its side once it has sent all.
    ends: bool = False

    @property
    def label(self):
        return f"{self.suite}/{self.name}"


def with_host(data, at=0):
    """The request that begins at `at` with a Host, if it is of HTTP/1.1 or later and has none.

    The corpora for parsers leave it out, since the rule that asks for it is the server's.
    """
    end = data.find(b"\r\n", at)
    while end == at:
        at, end = at + 2, data.find(b"\r\n", at + 2)
    if end < 0 or not re.search(rb" HTTP/1\.[1-9] *$", data[at:end]):
        return data
    whole = data.find(b"\r\n\r\n", end)
    head = data[end:whole + 2 if whole >= 0 else len(data)]
    if re.search(rb"(^|\n)[ \t]*host[ \t]*:", head, re.I):
        return data
    authority = re.search(rb" https?://([^/? ]+)", data[at:end])
    host = authority[1].rpartition(b"@")[2] if authority else b"example.com"
    return data[:end] + b"\r\nHost: " + host + data[end:]


def with_hosts(data):
    """The requests that seem to follow each other, each with a Host."""
    lines = re.finditer(rb"(?:^|(?<=\r\n\r\n))[A-Z]+ /\S* HTTP/", data)
    begins = [match.start() for match in lines]
    for at in reversed(begins):
        data = with_host(data, at)
    return data if begins else with_host(data)


def unescape(text):
    """The bytes of the inside of a string literal, as C, Go, Rust, C# and JavaScript write it."""
    simple = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11, "a": 7, "b": 8}
    out = bytearray()
    at = 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
            continue
        rest = text[at + 1:]
        if match := re.match(r"x([0-9a-fA-F]{2})", rest):
            out.append(int(match[1], 16))
        elif match := re.match(r"u\{?([0-9a-fA-F]{4})\}?", rest):
            out += chr(int(match[1], 16)).encode()
        elif match := re.match(r"[0-7]{1,3}", rest):
            out.append(int(match[0], 8))
        else:
            match = re.match(r".", rest, re.S)
            out.append(simple[match[0]] if match[0] in simple else ord(match[0]))
        at += 1 + match.end()
    return bytes(out)


# A string literal in double quotes, its inside in group 1.
LITERAL = r'"((?:[^"\\]|\\.)*)"'


def joined(expression):
    """The bytes of string literals that are put one after the other."""
    return b"".join(unescape(inside) for inside in re.findall(LITERAL, expression, re.S))
