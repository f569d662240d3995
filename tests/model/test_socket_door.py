"""The way to the socket: redirects, proxies, certificates, and what a good handshake tells."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from spark_tui.errors import ConnectFault, SparkFault
from spark_tui.model.faults import WireRefused
from spark_tui.model.provider import Endpoint, News, Pool, Request, UserText
from spark_tui.model.proxy import proxy_for
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.websocket import Timing
from tests.support.deltas import collect, fault_of, texts
from tests.support.tunnel import HOST, Tunnel, certificate, needs_openssl
from tests.support.wire_server import Mute, Reply, WireServer, answer, play

KEY = "a-long-secret-key"


def ask() -> Request:
    return Request("m", "", (UserText("hello"),))


def provider_of(base_url: str, **more: object) -> ResponsesSocket:
    return ResponsesSocket(Endpoint(base_url, KEY), standby=False, **more)  # type: ignore[arg-type]


async def fault_at(base_url: str) -> SparkFault:
    provider = provider_of(base_url)
    fault = fault_of(await collect(provider.stream(ask())))
    await provider.close()
    assert fault is not None
    return fault


# -- redirects -----------------------------------------------------------------------


@pytest.mark.parametrize("absolute", [True, False])
def test_a_redirect_within_the_origin_is_followed(absolute: bool) -> None:
    async def main() -> None:
        handshakes: list[int | Reply] = []
        async with WireServer([answer("a")], handshakes=handshakes) as server:
            origin = f"http://127.0.0.1:{server.port}" if absolute else ""
            away = Reply(status=307, headers={"Location": f"{origin}/v2/responses"})
            server._handshakes.append(away)
            provider = provider_of(server.base_url)
            assert texts(await collect(provider.stream(ask()))) == "a"
            await provider.close()
            first, second = server.upgrades
            assert first["authorization"] == second["authorization"] == f"Bearer {KEY}"

    play(main())


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_a_redirect_to_another_origin_is_refused_and_never_sees_the_key(scheme: str) -> None:
    async def main() -> None:
        async with WireServer() as other:
            away = Reply(status=308, headers={"Location": f"{scheme}://127.0.0.1:{other.port}/"})
            async with WireServer(handshakes=[away]) as server:
                fault = await fault_at(server.base_url)
                assert isinstance(fault, ConnectFault) and "redirects" in fault.message
                assert other.connections == 0

    play(main())


def test_a_redirect_in_a_circle_ends() -> None:
    async def main() -> None:
        here = Reply(status=302, headers={"Location": "/v1/responses"})
        async with WireServer(handshakes=[here] * 50) as server:
            provider = provider_of(server.base_url)
            with pytest.raises(WireRefused):
                await collect(provider.stream(ask()))
            await provider.close()
            assert server.connections <= 12

    play(main())


# -- proxies -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "environ", "proxy"),
    [
        ("https://h.test/v1", {}, None),
        ("https://h.test/v1", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.test/v1", {"https_proxy": "http://p:1"}, "http://p:1"),
        ("https://h.test/v1", {"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ("https://h.test/v1", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://h.test/v1", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.test/v1", {"ALL_PROXY": "socks5://p:1"}, "socks5://p:1"),
        ("https://h.test/v1", {"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://h.test/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "h.test"}, None),
        ("https://api.h.test/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".h.test"}, None),
        ("https://h.test/v1", {"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ("https://h.test/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "test.h"}, "http://p:1"),
        ("http://127.0.0.1:9/v1", {"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, None),
        ("http://localhost:9/v1", {"ALL_PROXY": "http://p:1"}, None),
        ("http://[::1]:9/v1", {"ALL_PROXY": "http://p:1"}, None),
        ("http://127.0.0.1.h.test/v1", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
    ],
)  # fmt: skip
def test_which_proxy_is_in_between(
    base_url: str, environ: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(Endpoint(base_url)) == proxy


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_tunnels_the_socket_and_does_not_see_the_key(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with Tunnel() as proxy, WireServer([answer("a")]) as server:
            monkeypatch.setenv(variable, f"http://me:hunter22@127.0.0.1:{proxy.port}")
            provider = provider_of(f"http://{HOST}:{server.port}/v1")
            assert texts(await collect(provider.stream(ask()))) == "a"
            await provider.close()
            assert proxy.asked == [f"CONNECT {HOST}:{server.port} HTTP/1.1"]
            assert "proxy-authorization" in proxy.heads[0].lower()
            assert KEY not in proxy.heads[0]
            assert server.upgrades[0]["authorization"] == f"Bearer {KEY}"

    play(main())


@pytest.mark.parametrize(
    ("status", "words"),
    [(407, "name and password"), (403, "does not allow"), (502, "cannot get through")],
)
def test_a_proxy_that_refuses_is_named(
    status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with Tunnel(status) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter22@127.0.0.1:{proxy.port}")
            fault = await fault_at(f"https://{HOST}/v1")
            assert isinstance(fault, ConnectFault)
            assert f"the proxy 127.0.0.1:{proxy.port}" in fault.message
            assert words in fault.message and f"({status})" in fault.message
            assert "hunter22" not in f"{fault.message} {fault.hint} {fault!r}"
            assert len(proxy.asked) == 1, "not tried again"

    play(main())


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        fault = await fault_at(f"https://{HOST}/v1")
        assert isinstance(fault, ConnectFault)
        assert f"the proxy 127.0.0.1:{port}: nobody answers" in fault.message

    play(main())


@pytest.mark.parametrize("proxy", ["ftp://p:1", "http://me@p:1"])
def test_a_proxy_that_cannot_be_is_a_fault(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        provider = provider_of(f"https://{HOST}/v1")
        try:
            fault = fault_of(await collect(provider.stream(ask())))
        except WireRefused as refused:
            fault = refused.fault
        await provider.close()
        assert isinstance(fault, ConnectFault) and "proxy" in fault.message.lower()

    play(main())


# -- certificates --------------------------------------------------------------------


@needs_openssl
def test_a_certificate_that_nobody_signed_is_said_plainly(tmp_path: Path) -> None:
    async def main() -> None:
        async with WireServer(tls=certificate(tmp_path, "localhost").context) as server:
            fault = await fault_at(f"https://localhost:{server.port}/v1")
            assert isinstance(fault, ConnectFault)
            assert "its certificate is not trusted: self-signed certificate" in fault.message
            assert "SSL_CERT_FILE" in fault.hint
            assert server.connections <= 1 and server.upgrades == [], "no second try, no key sent"

    play(main())


@needs_openssl
def test_a_certificate_for_another_name_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        made = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
        async with WireServer(tls=made.context) as server:
            fault = await fault_at(f"https://localhost:{server.port}/v1")
            assert "not valid for 'localhost'" in fault.message
            assert server.upgrades == []

    play(main())


@needs_openssl
def test_a_certificate_that_was_named_is_trusted_also_behind_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        made = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
        async with Tunnel() as proxy, WireServer([answer("a")], tls=made.context) as server:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            provider = provider_of(f"https://{HOST}:{server.port}/v1")
            assert texts(await collect(provider.stream(ask()))) == "a"
            await provider.close()
            assert len(proxy.asked) == 1
            assert server.upgrades[0]["authorization"] == f"Bearer {KEY}"

    play(main())


def test_a_server_without_tls_is_told_from_one_with_a_bad_certificate() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            fault = await fault_at(f"https://localhost:{port}/v1")
            assert isinstance(fault, ConnectFault)
            assert "does not speak TLS" in fault.message

    play(main())


# -- the handshake -------------------------------------------------------------------


def test_a_handshake_that_nobody_answers_is_given_up_in_time() -> None:
    async def main() -> None:
        async with WireServer(handshakes=[Reply([Mute()], status=200)]) as server:
            provider = provider_of(server.base_url, timing=Timing(connect_s=0.1))
            with pytest.raises(WireRefused) as caught:
                await collect(provider.stream(ask()))
            await provider.close()
            assert caught.value.fault.message

    play(main())


def test_what_is_left_of_the_limits_is_told_by_the_handshake() -> None:
    async def main() -> None:
        headers = {
            "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-remaining-tokens": "12000",
            "x-ratelimit-reset-requests": "1m0s",
        }
        async with WireServer(
            [answer("a")], handshakes=[Reply(status=101, headers=headers)]
        ) as server:
            told: list[News] = []
            provider = provider_of(server.base_url, tell=told.append)
            await collect(provider.stream(ask()))
            await provider.close()
            (pool,) = told
            assert isinstance(pool, Pool) and (pool.requests, pool.tokens) == (59, 12000)

    play(main())


def test_a_compression_that_nobody_offered_is_refused() -> None:
    async def main() -> None:
        headers = {"Sec-WebSocket-Extensions": "permessage-deflate"}
        async with WireServer(handshakes=[Reply(status=101, headers=headers)]) as server:
            provider = provider_of(server.base_url)
            with pytest.raises(WireRefused):
                await collect(provider.stream(ask()))
            await provider.close()

    play(main())
