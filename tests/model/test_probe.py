"""The way to a service: times, certificates, proxies; nothing is raised for what is found."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from spark_tui.model.probe import reach
from spark_tui.model.provider import Endpoint
from tests.support.wire_server import WireServer, play


@asynccontextmanager
async def secured(folder: Path) -> AsyncIterator[int]:
    """A TLS server with a certificate of its own; its port."""
    subprocess.run(  # noqa: ASYNC221 - nothing else runs yet
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "5",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificate of this test"
)


def test_a_plain_service() -> None:
    async def main() -> None:
        async with WireServer() as server:
            found = await reach(Endpoint(server.base_url))
            assert (found.address, found.tls, found.trouble, found.proxy) == (
                "127.0.0.1", "", "", "",
            )  # fmt: skip
            assert found.connect_ms is not None and found.lookup_ms is not None
            assert server.asked == [] and server.upgrades == []

    play(main())


def test_nobody_there() -> None:
    async def main() -> None:
        found = await reach(Endpoint("http://127.0.0.1:9/v1", "sk-secret-key"))
        assert found.trouble and found.connect_ms is None
        assert "secret" not in found.trouble

    play(main())


@needs_openssl
def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    async def main() -> None:
        async with secured(tmp_path) as port:
            found = await reach(Endpoint(f"https://localhost:{port}/v1"))
            assert "certificate is not accepted" in found.trouble
            assert found.connect_ms is not None, "the way there was found"

    play(main())


@needs_openssl
def test_a_certificate_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with secured(tmp_path) as port:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
            found = await reach(Endpoint(f"https://localhost:{port}/v1"))
            assert found.trouble == "" and found.tls.startswith("TLSv1.")
            assert found.tls_ms is not None
            assert found.expires_days is not None and 3 < found.expires_days < 6

    play(main())


def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        found = await reach(Endpoint("https://api.example.org/v1"))
        assert found.proxy == "proxy.example:3128" and found.trouble == ""
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert (await reach(Endpoint("https://127.0.0.1:9/v1"))).proxy == ""

    play(main())


def test_a_mute_service_costs_the_limit() -> None:
    async def main() -> None:
        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            found = await reach(Endpoint(f"https://127.0.0.1:{port}/v1"), limit_s=0.05)
            assert found.trouble == "no answer for 0.05 s"

    play(main())
