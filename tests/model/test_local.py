"""Servers of this machine: found without a key, and at little cost whoever sits at the port."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from spark_tui.model import local
from spark_tui.model.local import LIMIT_BYTES, find_local
from spark_tui.model.presets import Server
from spark_tui.model.provider import Endpoint
from tests.support.wire_server import Flood, Mute, Raw, Reply, WireServer, play

MODELS = "/v1/models"


def listing(*rows: dict[str, Any]) -> Reply:
    return Reply([Raw(json.dumps({"data": rows}).encode())], content_type="application/json")


LLAMA = listing({"id": "gpt-oss-120b", "owned_by": "llamacpp"})


def test_servers_of_this_machine() -> None:
    async def main() -> None:
        async with (
            WireServer(http={MODELS: [LLAMA]}) as good,
            WireServer(http={MODELS: [Reply([Mute()])]}) as silent,
            WireServer(http={MODELS: [Reply(status=401)]}) as closed,
            WireServer() as dead,
        ):
            await dead.__aexit__()
            servers = [
                Server("One", good.base_url),
                Server("Two", silent.base_url),
                Server("Three", closed.base_url),
                Server("Four", dead.base_url),
                Server("llama.cpp", "http://127.0.0.1:1/v1", "llamacpp"),
            ]
            (found,) = await find_local(0.3, servers=servers)
            assert (found.name, found.base_url) == ("llama.cpp", good.base_url)
            (model,) = found.models
            assert (model.price_class, model.speed, model.preset) == ("local", 0, "")

    play(main())


def test_no_key_no_proxy_no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with WireServer() as proxy, WireServer(http={MODELS: [LLAMA]}) as other:
            moved = Reply(status=307, headers={"Location": other.base_url + "/models"})
            for name in ("HTTP_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.delenv("NO_PROXY")
            monkeypatch.setenv("OPENAI_API_KEY", "a-long-secret-key")
            async with WireServer(http={MODELS: [LLAMA, moved]}) as server:
                servers = [Server("One", server.base_url)]
                assert len(await find_local(servers=servers)) == 1
                assert await find_local(servers=servers) == ()
                for asked in server.asked:
                    assert not {"authorization", "api-key", "x-api-key", "cookie"} & {
                        *asked.headers
                    }
                    assert "a-long-secret-key" not in str(asked)
            assert (proxy.connections, other.connections) == (0, 0)

    play(main())


HOSTILE = {
    "endless events": Reply([Flood({"data": []})]),
    "junk": Reply([Raw(b"\x00\xff\x1b]0;x\x07" * 99)]),
    "nested": Reply([Raw(b'{"data":' + b"[" * 90_000)]),
    "one byte and silence": Reply([Raw(b"{"), Mute()]),
    "no list": Reply([Raw(b'{"data": {"id": "x"}}')]),
    "packed": Reply([Raw(b"\x1f\x8b\x08\x00")], headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE)
def test_a_stranger_at_the_port_is_not_shown(reply: Reply) -> None:
    async def main() -> None:
        async with WireServer(http={MODELS: [reply]}) as server:
            assert await find_local(0.2, servers=[Server("One", server.base_url)]) == ()

    play(main())


def test_a_hundred_megabytes_are_left_after_a_few() -> None:
    sent = 0

    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
            # What the kernel takes on the way must not hide what was read.
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            writer.transport.set_write_buffer_limits(0)
            try:
                while sent < 104857600:
                    writer.write(b" " * 65536)
                    await writer.drain()
                    sent += 65536
            except ConnectionError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            assert await find_local(5.0, servers=[Server("x", f"http://127.0.0.1:{port}/v1")]) == ()

    play(main())
    assert sent < LIMIT_BYTES + (8 << 20)


def test_an_id_that_cannot_be_typed_is_no_model() -> None:
    async def main() -> None:
        ids = ["good/model:7b", "\x1b[2Jbad", "two\nlines", "\u202ebad", "x" * 300, "", 7, " a"]
        rows = listing(*({"id": one, "owned_by": "\x1b]0;x\x07"} for one in ids))
        async with WireServer(http={MODELS: [rows]}) as server:
            (found,) = await find_local(servers=[Server("One", server.base_url)])
            assert [model.id for model in found.models] == ["good/model:7b"]

    play(main())


def has_six() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_six(), reason="no IPv6 here")
@pytest.mark.parametrize("hosts", [["::1"], ["127.0.0.1", "::1"]])
def test_a_server_at_both_addresses_is_named_once(hosts: list[str]) -> None:
    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            body = b'{"data": [{"id": "m"}]}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, hosts[0], 0)
        port = server.sockets[0].getsockname()[1]
        others = [await asyncio.start_server(serve, host, port) for host in hosts[1:]]
        async with server:
            where = Server("x", f"http://127.0.0.1:{port}/v1")
            (found,) = await find_local(servers=[where, where])
            six = f"http://[::1]:{port}/v1"
            assert found.base_url == (six if hosts == ["::1"] else where.base_url)
            assert Endpoint(found.base_url).is_local
        for other in others:
            other.close()

    play(main())


def test_somebody_elses_server_is_named_with_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def owners(where: list[tuple[str, int]]) -> list[str]:
        asked.extend(where)
        return ["somebody" for _ in where]

    monkeypatch.setattr(local, "owners", owners)

    async def main() -> None:
        async with WireServer(http={MODELS: [LLAMA]}) as server:
            base_url = f"http://localhost:{server.port}/v1"
            (found,) = await find_local(servers=[Server("One", base_url)])
            assert found.owner == "somebody"
            assert asked == [("127.0.0.1", server.port)]

    play(main())
