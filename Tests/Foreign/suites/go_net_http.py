"""The tables of requests in the tests of Go's net/http, as the distribution installs them."""

import pathlib
import re

from case import LITERAL, Case, joined, refuses, takes, unescape, with_host

SOURCE = pathlib.Path("/usr/share/go-1.19/src/net/http")


def function(text, name):
    return text[text.index(f"func {name}("):].split("\n}\n", 1)[0]


def want(status):
    return refuses() if int(status) >= 400 else takes()


def literal(expression):
    """The bytes of an expression of string literals and strings.Repeat of one of them."""
    out = b""
    for repeated, count, inside in re.findall(
            r'strings\.Repeat\("(.)", (\d+<<\d+|\d+)\)|' + LITERAL, expression):
        out += repeated.encode() * eval_count(count) if repeated else unescape(inside)
    return out


def eval_count(text):
    base, _, shift = text.partition("<<")
    return int(base) << int(shift or 0)


def hosts(text):
    table = re.findall(rf"\{{{LITERAL}, {LITERAL}, (\d+)\}}", function(
        text, "TestServerValidatesHostHeader"))
    for number, (proto, host, status) in enumerate(table):
        line = proto if not proto.startswith("HTTP/") else f"GET / {proto}"
        data = unescape(line) + b"\r\n" + unescape(host) + b"\r\n"
        yield Case("go", f"host/{number}", data, want(status))


def fields(text):
    table = re.findall(r"\{([^\n{}]+), (\d+)\},", function(text, "TestServerValidatesHeaders"))
    for number, (header, status) in enumerate(table):
        data = b"GET / HTTP/1.1\r\nHost: foo\r\n" + literal(header) + b"\r\n"
        yield Case("go", f"field/{number}", data, want(status))


def methods(text):
    table = re.findall(rf"\{{{LITERAL}, (\d+)\}}", function(text, "TestServerValidatesMethod"))
    for number, (method, status) in enumerate(table):
        data = unescape(method) + b" / HTTP/1.1\r\nHost: foo.example\r\n\r\n"
        yield Case("go", f"method/{number}", data, want(status))


def requests(text):
    table = text.split("var reqTests = []reqTest{\n", 1)[1].split("\n}\n", 1)[0]
    for number, entry in enumerate(re.split(r"\n\t\},\n", table)):
        expression = re.match(rf"(?:\s|//[^\n]*\n|\{{)*((?:{LITERAL}[\s+]*)+),", entry)
        last = re.findall(r"\n\t\t([^\n]+),", entry)[-1]
        if not expression:
            continue
        data = with_host(joined(expression[1]))
        yield Case("go", f"read/{number}", data, takes() if last == "noError" else refuses())


def bad_requests(text):
    table = text.split("var badRequestTests = ", 1)[1].split("\n}\n", 1)[0]
    for name, raw, quoted in re.findall(
            rf'\{{"(\w+)", reqBytes\((?:(`.*?)|{LITERAL})\)\}}', table, re.S):
        text = raw.replace('` + "\\t" + `', "\t").strip("`").encode() or unescape(quoted)
        data = text.strip().replace(b"\n", b"\r\n") + b"\r\n\r\n"
        yield Case("go", f"bad/{name}", with_host(data), refuses())


def cases(_):
    serving = (SOURCE / "serve_test.go").read_text()
    reading = (SOURCE / "readrequest_test.go").read_text()
    for part in (hosts, fields, methods):
        yield from part(serving)
    for part in (requests, bad_requests):
        yield from part(reading)
