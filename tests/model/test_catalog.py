"""The table of models, and what is pre-selected."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spark_tui.model.catalog import PRESETS, describe, fastest, preset
from spark_tui.model.provider import ModelInfo


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


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import sys, spark_tui.model.catalog; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"httpx", "websockets", "openai"} & set(ran.stdout.split())
