"""The raw requests that gunicorn's parser is tested with: tests/requests of its source package."""

import pathlib
import re
import subprocess
import sys
import tarfile

from case import Case, refuses, takes, with_hosts

VERSION = "27.0.1"


def unpacked(folder):
    """The source package, from the registry of Python packages."""
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-binary", ":all:", "--dest", folder, f"gunicorn=={VERSION}"],
        check=True,
    )
    with tarfile.open(folder / f"gunicorn-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"gunicorn-{VERSION}"


def read(path):
    data = path.read_bytes().replace(b"\n", b"")
    for escape, byte in ((b"\\r\\n", b"\r\n"), (b"\\0", b"\0"), (b"\\n", b"\n"), (b"\\t", b"\t")):
        data = data.replace(escape, byte)
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda match: bytes([int(match[1], 16)]), data)


def cases(folder):
    for path in sorted((unpacked(folder) / "tests/requests").glob("*/*.http")):
        about = path.with_suffix(".py").read_text()
        if "cfg.set" in about:
            continue  # It is about a setting of gunicorn's.
        if path.parent.name == "invalid":
            want = refuses()
        else:
            want = takes(len(re.findall(r"""["']method["']\s*:""", about)) or 1)
        # Its parser is told of the end of what there is.
        yield Case("gunicorn", f"{path.parent.name}/{path.stem}", with_hosts(read(path)), want,
                   ends=True)
