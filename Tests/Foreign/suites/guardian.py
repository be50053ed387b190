"""The graded requests of aws/http-desync-guardian: tests/*.yaml of a clone."""

import yaml

from case import Case, refuses, takes, takes_or_refuses, with_host

WANTS = {
    "Compliant": takes(),
    # "It is OK to tolerate some deviations", and as well not to.
    "Acceptable": takes_or_refuses(),
    # "Either reject such requests, or close … immediately after the response".
    "Ambiguous": takes_or_refuses(closes=True),
    # "MUST be treated as irrecoverable error (400 + closing)".
    "Severe": refuses(closes=True),
}


def content(fields):
    """Content that ends the message by either reading, where the head says that any comes."""
    names = {name.strip().lower(): value for name, value in fields}
    length = names.get("content-length", "").strip()
    if any("transfer" in name for name in names):
        return b"0\r\n\r\n"
    return b"x" * int(length) if length.isdecimal() and int(length) < 1 << 20 else b""


def cases(clone):
    for path in sorted((clone / "tests").glob("*.yaml")):
        for number, case in enumerate(yaml.safe_load(path.read_text())):
            fields = [(str(one["name"]), str(one["value"] if one["value"] is not None else ""))
                      for one in case.get("headers") or []]
            head = f"{case['method']} {case['uri']} {case['version']}".rstrip()
            lines = [head, *(f"{name}: {value}" for name, value in fields)]
            data = "".join(line + "\r\n" for line in lines) + "\r\n"
            data = data.encode("latin-1", "replace") + content(fields)
            yield Case("guardian", f"{path.stem}/{number} {case['name']}", with_host(data),
                       WANTS[case["expected"]["tier"]])
