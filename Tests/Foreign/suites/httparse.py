"""The tests of the Rust crate httparse, as the distribution installs it."""

import pathlib
import re

from case import LITERAL, Case, joined, refuses, takes, waits, with_host

REGISTRY = pathlib.Path("/usr/share/cargo/registry")
TEST = re.compile(rf"req! \{{\s*(\w+),\s*b?((?:{LITERAL}[\s+]*)+),(.*?)\n    ?\}}", re.S)


def cases(_):
    source = sorted(REGISTRY.glob("httparse-*"))[-1]
    for path in (source / "src/lib.rs", source / "tests/uri.rs"):
        # A line that ends in a backslash goes on without the white space of the next.
        text = re.sub(r"\\\n\s*", "", path.read_text())
        for name, expression, _, wanted in TEST.findall(text):
            want = takes()
            if re.match(r"\s*Err\(", wanted):
                want = refuses()
            elif "Partial" in wanted.split("|")[0]:
                want = waits()
            data = joined(expression)
            if path.stem == "uri":
                # These are about the target alone, and their hosts are often none.
                data = data.split(b"\r\n")[0] + b"\r\n\r\n"
            # An error within a head may be told at once, or once the head is whole: never, here.
            yield Case("httparse", f"{path.stem}/{name}", with_host(data), want,
                       ends=want == refuses() and b"\r\n\r\n" not in data)
