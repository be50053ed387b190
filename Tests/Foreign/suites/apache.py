"""The strict column of t/apache/http_strict.t in a clone of apache/httpd-tests."""

import re

from case import LITERAL, Case, joined, refuses, takes

ENTRY = re.compile(
    rf"^    \[ ((?:{LITERAL}[\s.]*)+)=>\s*(\w+)(?:,\s*(\w+))?(?:,[^\]]*)?\s*\]", re.M | re.S)


def cases(clone):
    text = (clone / "t/apache/http_strict.t").read_text()
    for number, match in enumerate(ENTRY.finditer(text)):
        expression, strict = match[1], match[4] or match[3]
        # "R" asks for a header of the answer by a script, and one path is of a module of Apache's.
        if re.match(r'\s*"R"', expression) or "/regression-header" in expression:
            continue
        good = strict.isdecimal() and (int(strict) == 1 or 200 <= int(strict) < 400)
        yield Case("apache", str(number), joined(expression.replace("\\@", "@")),
                   takes() if good else refuses(), ends=True)
