"""Processes beside a measurement: started, asked, and let go with the one that measures.

The rule kept here: a child says where it is in one line of JSON, answers one line with one line,
and ends when its stdin is closed. So none outlives its parent, and nothing is found by its name.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Child:
    """A Python program of this checkout."""

    def __init__(self, program: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / program), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.hello = self._line()

    def ask(self, words: str = "") -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self._line()

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args!r} said nothing")
        found: dict[str, Any] = json.loads(line)
        return found


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, made now; by `cryptography` where there is no
    openssl."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    if shutil.which("openssl"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", str(key),
             "-addext", "subjectAltName=IP:127.0.0.1", "-out", str(cert)],
            check=True, capture_output=True,
        )  # fmt: skip
        return cert, key
    try:
        made = _by_cryptography()
    except ImportError:
        raise SystemExit(
            "TLS needs a certificate: install openssl, or `pip install cryptography`."
        ) from None
    for path, data in zip((cert, key), made, strict=True):
        path.write_bytes(data)
    return cert, key


def _by_cryptography() -> tuple[bytes, bytes]:
    import datetime
    import importlib
    import ipaddress

    # By name: it is no dependency of this project, only of machines without openssl.
    x509 = importlib.import_module("cryptography.x509")
    hazmat = "cryptography.hazmat.primitives"
    ec = importlib.import_module(f"{hazmat}.asymmetric.ec")
    forms = importlib.import_module(f"{hazmat}.serialization")
    sha256 = importlib.import_module(f"{hazmat}.hashes").SHA256()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + 2 * day)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, sha256)
    )
    pem = forms.Encoding.PEM
    secret = key.private_bytes(pem, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    return cert.public_bytes(pem), secret
