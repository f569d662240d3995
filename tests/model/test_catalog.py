"""The table of models, what is pre-selected, and servers on this machine."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from spark_tui.model.catalog import PRESETS, Server, describe, fastest, find_local, preset
from spark_tui.model.provider import ModelInfo
from tests.support.wire_server import Mute, Raw, Reply, WireServer, play


def infos(*ids: str) -> list[ModelInfo]:
    return [describe(model_id) for model_id in ids]


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        (("gpt-5.3-codex", "gpt-5.3-codex-spark"), "gpt-5.3-codex-spark"),
        (("gpt-5.3-codex-spark", "gpt-oss-120b"), "gpt-oss-120b"),
        (("unknown", "gpt-5.3-codex"), "gpt-5.3-codex"),
        (("whisper-1", "text-embedding-3-small", "llama-3", "tts-1"), "llama-3"),
        (("gpt-6-luna-2026-09-01", "zzz"), "gpt-6-luna-2026-09-01"),
        (("dall-e-3", "omni-moderation-latest"), None),
        ((), None),
    ],
)
def test_the_fastest_that_can_chat(listed: tuple[str, ...], chosen: str | None) -> None:
    found = fastest(infos(*listed))
    assert (found.id if found else None) == chosen


def test_both_names_of_the_plan_are_presets() -> None:
    spark, smart = preset("spark"), preset("smart")
    assert spark is not None
    assert smart is not None
    assert (spark.model, smart.model) == ("gpt-5.3-codex-spark", "gpt-5.3-codex")
    assert len({row.name for row in PRESETS}) == len(PRESETS)


def test_an_unknown_model_is_described_by_its_id_alone() -> None:
    assert describe("something") == ModelInfo("something")


def test_servers_of_this_machine() -> None:
    async def main() -> None:
        row = {"id": "gpt-oss-120b", "owned_by": "llamacpp"}
        listing = Reply([Raw(json.dumps({"data": [row]}).encode())])
        async with (
            WireServer(http={"/v1/models": [listing]}) as good,
            WireServer(http={"/v1/models": [Reply([Mute()])]}) as silent,
            WireServer(http={"/v1/models": [Reply(status=401)]}) as closed,
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
            assert (model.price_class, model.speed) == ("local", 0)
            assert "authorization" not in good.asked[0].headers

    play(main())


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import sys, spark_tui.model.catalog; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"httpx", "websockets", "openai"} & set(ran.stdout.split())
