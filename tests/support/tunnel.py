"""A proxy on loopback that tunnels, or refuses to; and a certificate that nobody has signed.

The rule kept here: whatever name it is asked for, the tunnel leads to loopback; no name is ever
looked up.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

HOST = "model.test"
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificate of this test"
)


class Tunnel:
    """`asked` holds the first line of each request, `said` all that came with it."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[str] = []
        self.heads: list[str] = []
        self._status = status
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Tunnel:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        self.asked.append(head.split("\r\n")[0])
        if self._status != 200:
            writer.write(b"HTTP/1.1 %d Status\r\nContent-Length: 0\r\n\r\n" % self._status)
            writer.close()
            return
        port = int(head.split(" ")[1].rpartition(":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        for source, target in ((reader, back), (there, writer)):
            task = asyncio.create_task(_carry(source, target))
            self._tasks.add(task)


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except ConnectionError:
        pass
    finally:
        target.transport.abort()


@dataclass(frozen=True)
class Certificate:
    """Signed by itself, for one name."""

    path: Path
    context: ssl.SSLContext
    """For a server."""


def certificate(folder: Path, host: str = HOST) -> Certificate:
    pem, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "5", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
         "-keyout", str(key), "-out", str(pem)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, key)
    return Certificate(pem, context)
