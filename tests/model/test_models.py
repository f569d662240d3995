"""The list of models: what is read of it, and what happens when it cannot be had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spark_tui.errors import ConnectFault, KeyRefused, NetworkFault
from spark_tui.model.listing import get_models
from spark_tui.model.provider import Endpoint
from tests.support.wire_server import (
    Drop,
    Flood,
    Raw,
    Reply,
    WireServer,
    play,
)

KEY = "a-long-secret-key"


def refusal(status: int, message: str = "no", **more: Any) -> Reply:
    body = json.dumps({"error": {"message": message, **more}}).encode()
    return Reply([Raw(body)], status=status, content_type="application/json")


def listing(*rows: dict[str, Any]) -> Reply:
    body = json.dumps({"object": "list", "data": rows}).encode()
    return Reply([Raw(body)], content_type="application/json")


def test_the_models_of_a_service() -> None:
    async def main() -> None:
        rows = listing(
            {"id": "gpt-5.3-codex-spark", "owned_by": "x"},
            {"id": "tiny", "meta": {"n_ctx": 8192}},
            {"id": "other", "max_model_len": 4096},
            {"id": 7},
            {"id": "\x1b[31mred"},
        )
        async with WireServer(http={"/v1/models": [rows]}) as server:
            spark, tiny, other = await get_models(Endpoint(server.base_url, KEY))
            assert (spark.preset, spark.speed, spark.owned_by) == ("spark", 1000, "x")
            assert (tiny.preset, tiny.window) == ("", 8192)
            assert other.window == 4096
            assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"

    play(main())


@pytest.mark.parametrize(
    ("row", "window"),
    [
        ({"meta": {"n_ctx": 1024, "n_ctx_train": 8192}}, 1024),  # llama.cpp
        ({"max_model_len": 4096}, 4096),  # vLLM
        ({"context_length": 200_000}, 200_000),  # OpenRouter
        ({"context_window": 131_072}, 131_072),  # Groq
        ({"loaded_context_length": 4096, "max_context_length": 32_768}, 4096),  # LM Studio
        ({"max_input_tokens": 9}, 9),  # LiteLLM
        ({"context_length": "many", "meta": [], "max_model_len": -1}, 0),
        ({"context_length": True}, 0),
    ],
)
def test_the_window_as_each_server_names_it(row: dict[str, Any], window: int) -> None:
    async def main() -> None:
        async with WireServer(http={"/v1/models": [listing({"id": "some", **row})]}) as server:
            (info,) = await get_models(Endpoint(server.base_url))
            assert info.window == window

    play(main())


@pytest.mark.parametrize(
    ("day", "shutdown"),
    [
        ("2026-12-11", "2026-12-11"),
        ("2026-12-11T00:00:00Z", "2026-12-11"),
        (None, ""),
        ("\x1b[2J", ""),
        (1_800_000_000, ""),
    ],
)
def test_the_day_on_which_a_model_ends(day: object, shutdown: str) -> None:
    async def main() -> None:
        rows = listing({"id": "gpt-6-luna", "shutdown_date": day})
        async with WireServer(http={"/v1/models": [rows]}) as server:
            (info,) = await get_models(Endpoint(server.base_url, KEY))
            assert (info.preset != "", info.shutdown) == (True, shutdown)

    play(main())


def test_a_list_without_end_is_no_list() -> None:
    async def main() -> None:
        flood = Reply([Flood({"data": "x" * 9000})], content_type="application/json")
        async with WireServer(http={"/v1/models": [flood]}) as server:
            with pytest.raises(ConnectFault, match="endless"):
                await get_models(Endpoint(server.base_url), limit_bytes=100_000)
            await server.gone.wait()

    play(main())


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(401, KEY), KeyRefused),
        (Reply(status=301, headers={"Location": "http://127.0.0.1:1/"}), ConnectFault),
        (Reply(status=308, headers={"Location": "/v1/models/"}), ConnectFault),
        (Reply(status=407), ConnectFault),
        # transformers serve without a folder for its hub
        (Reply([Raw(b"Internal Server Error")], status=500), NetworkFault),
        (Reply([Raw(b"<html>hello")], content_type="text/html"), ConnectFault),
        (Reply([Raw(b"[]")], content_type="application/json"), ConnectFault),
        (Reply([Drop()]), ConnectFault),
    ],
)
def test_a_list_that_cannot_be_had(reply: Reply, kind: type[Exception]) -> None:
    async def main() -> None:
        async with WireServer(http={"/v1/models": [reply]}) as server:
            with pytest.raises(kind) as caught:
                await get_models(Endpoint(server.base_url, KEY))
            assert KEY not in str(caught.value)

    play(main())
