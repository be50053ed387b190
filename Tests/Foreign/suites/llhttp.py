"""The request fixtures of nodejs/llhttp: test/request/*.md of a clone."""

import json
import re

from case import Case, refuses, takes, waits, with_host

BLOCK = re.compile(
    r"^#+ (?P<name>[^\n]+)\n(?P<between>(?:(?!^#).)*?)<!-- *meta=(?P<meta>\{.*?\}) *-->\s*"
    r"```http\n(?P<input>(?:(?!```).)*)```(?:(?!```).)*```log\n(?P<log>.*?)```",
    re.S | re.M,
)
# Error codes by which the parser hands over to somebody: CONNECT, an upgrade, a pause.
HANDS_OVER = {"21", "22", "23", "24", "31"}


def read(text):
    text = text.removesuffix("\n")
    text = re.sub(r"\\(\r\n|\r|\n)", "", text)
    text = re.sub(r"\r\n|\r|\n", "\r\n", text)
    for escape, character in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f")):
        text = text.replace(escape, character)
    text = re.sub(r"\\x([0-9a-fA-F]+)", lambda match: chr(int(match[1], 16)), text)
    text = re.sub(r"\\([0-7]{1,3})", lambda match: chr(int(match[1], 8)), text)
    return None if "${" in text else text.encode()


def with_hosts(data, log):
    """Every message with a Host, the last first so that the places of the others stay right."""
    begins = [int(at) for at in re.findall(r"^off=(\d+) message begin", log, re.M)]
    for at in reversed(begins):
        data = with_host(data, at)
    return data


def cases(clone):
    for path in sorted((clone / "test/request").glob("*.md")):
        for number, match in enumerate(BLOCK.finditer(path.read_text())):
            meta, log = json.loads(match["meta"]), match["log"]
            data = read(match["input"])
            # Leniency is asked for by the program; what is there without it is what counts.
            if meta["type"] != "request" or {"pause", "skipBody"} & set(meta) or data is None:
                continue
            error = re.search(r"error code=(\d+)", log)
            whole = len(re.findall(r"message complete", log))
            begun = len(re.findall(r"message begin", log))
            if error and error[1] in HANDS_OVER:
                continue
            want = takes(whole)
            if error:
                want = refuses(whole)
            elif begun > whole:
                want = waits() if whole == 0 else takes(whole)
            # An error within a head may be told at once, or once the head is whole: never, here.
            yield Case("llhttp", f"{path.stem}/{number} {match['name']}", with_hosts(data, log),
                       want, ends=bool(error) and b"\r\n\r\n" not in data)
