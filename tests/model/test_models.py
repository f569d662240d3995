"""The list of models: what is read of it, and what happens when it cannot be had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spark_tui.errors import (
    ConnectFault,
    KeyRefused,
    NetworkFault,
)
from spark_tui.model.provider import (
    Endpoint,
)
from spark_tui.model.sse import get_models
from tests.support.wire_server import (
    Drop,
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
        )
        async with WireServer(http={"/v1/models": [rows]}) as server:
            spark, tiny, other = await get_models(Endpoint(server.base_url, KEY))
            assert (spark.preset, spark.speed, spark.owned_by) == ("spark", 1000, "x")
            assert (tiny.preset, tiny.window) == ("", 8192)
            assert other.window == 4096
            assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"

    play(main())


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(401, KEY), KeyRefused),
        (Reply(status=301, headers={"Location": "http://127.0.0.1:1/"}), ConnectFault),
        (Reply(status=500), NetworkFault),
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
