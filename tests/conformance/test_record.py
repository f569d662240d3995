"""The recorded frames are what these servers say today; recording them anew is one variable.

`SPARK_TUI_CONFORMANCE_RECORD=1 make conformance` writes tests/model/recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from tests.conformance.conftest import LiteLLM, Llama
from tests.conformance.record import FOLDER, recordings, shape, socket_recordings

pytestmark = pytest.mark.conformance


def test_what_was_recorded_is_still_said(
    llama: Llama, litellm: LiteLLM, outside: Mapping[str, str]
) -> None:
    fresh = recordings(llama, litellm) | asyncio.run(socket_recordings(litellm))
    if outside.get("SPARK_TUI_CONFORMANCE_RECORD"):
        for name, text in fresh.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    kept = {name: (FOLDER / name).read_text(encoding="utf-8") for name in fresh}
    now = {name: shape(name, text) for name, text in fresh.items()}
    assert now == {name: shape(name, text) for name, text in kept.items()}
