"""A private authority with an intermediate, made with OpenSSL's command."""

import os
import pathlib
import ssl
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


class Authority:
    """Gives out certificates for `localhost` and 127.0.0.1, or for the names it is told."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = self.folder / "root.pem"
        (self.folder / "authority.ext").write_text(
            "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n"
        )
        self._openssl(
            ["req", "-x509", *CURVE, "-nodes", "-sha256", "-days", "30"],
            ["-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Test root"],
        )
        self._openssl(
            ["req", *CURVE, "-nodes", "-sha256", "-keyout", "middle.key", "-out", "middle.csr"],
            ["-subj", "/CN=Test intermediate"],
        )
        self._openssl(
            ["x509", "-req", "-in", "middle.csr", "-CA", "root.pem", "-CAkey", "root.key"],
            ["-set_serial", "2", "-days", "30", "-extfile", "authority.ext", "-out", "middle.pem"],
        )

    def _openssl(self, *words):
        command = ["openssl", *[word for group in words for word in group]]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def issue(self, name, serial, names="DNS:localhost,IP:127.0.0.1", days=30, key=CURVE):
        """Returns the paths of a certificate with its chain, and of its key."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n" if names else "")
        self._openssl(
            ["req", *key, "-nodes", "-sha256", "-keyout", f"{name}.key", "-out", f"{name}.csr"],
            ["-subj", f"/CN={name}"],
        )
        self._openssl(
            ["x509", "-req", "-in", f"{name}.csr", "-CA", "middle.pem", "-CAkey", "middle.key"],
            ["-set_serial", str(serial), "-days", str(days), "-extfile", f"{name}.ext"],
            ["-out", f"{name}.leaf"],
        )
        chain = (self.folder / f"{name}.leaf").read_text() + (
            self.folder / "middle.pem"
        ).read_text()
        (self.folder / f"{name}.pem").write_text(chain)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def trust(self, **versions):
        """A client's context that trusts this authority alone."""
        context = ssl.create_default_context(cafile=str(self.root))
        for name, version in versions.items():
            setattr(context, name, version)
        return context


def replace(source, target):
    """Puts a file in another's place in one step, as certbot's links are."""
    beside = pathlib.Path(str(target) + ".new")
    beside.write_bytes(pathlib.Path(source).read_bytes())
    os.replace(beside, target)
