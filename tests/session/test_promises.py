"""Every kind of promised event is written and synced before anybody knows it."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import os
import types
import typing
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import spark_tui.session
from spark_tui.session import encoding
from spark_tui.session.events import Durability, Event
from spark_tui.session.journal import Journal, replay
from spark_tui.session.spine import Spine
from spark_tui.session.state import SessionState

KINDS = [kind for kind in typing.get_args(Event) if kind.durability is Durability.PROMISED]
CANNOT_WAIT = {("asking.py", "TurnEnded")}
"""A turn that was cancelled is ended in a `finally`; the seal brings it to the disk."""


def sample(hint: Any) -> Any:
    """Some value of this type."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return sample(args[0])
    if origin is tuple:
        return () if len(args) == 2 and args[1] is Ellipsis else tuple(map(sample, args))
    if origin is frozenset:
        return frozenset()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return made(hint)
    return {str: "x", int: 1, float: 1.5, bool: False}.get(hint, "x")


def made(kind: type) -> Any:
    hints = encoding._hints(kind)
    return kind(**{f.name: sample(hints[f.name]) for f in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_written_synced_known(kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event = made(kind)
    steps: list[str] = []

    async def story() -> None:
        journal, state = Journal(tmp_path / "j"), SessionState()
        with ThreadPoolExecutor(1) as writes:
            spine = Spine(journal, state, writes)
            real_write, real_sync, real_apply = os.write, os.fsync, SessionState.apply

            def write(file: int, data: bytes) -> int:
                steps.append("written" if kind.__name__.encode() in data else "wrote")
                return real_write(file, data)

            def sync(file: int) -> None:
                steps.append("synced")
                real_sync(file)

            def apply(self: SessionState, told: Event) -> None:
                steps.append("known")
                real_apply(self, told)

            with monkeypatch.context() as patched:
                patched.setattr(os, "write", write)
                patched.setattr(os, "fsync", sync)
                patched.setattr(SessionState, "apply", apply)
                spine.listen(lambda _: steps.append("heard"))
                await spine.promise(event)
            await spine.close()

    asyncio.run(story())
    assert steps[:4] == ["written", "synced", "known", "heard"]
    assert "wrote" not in steps, "one write for all of it"
    assert next(replay(tmp_path / "j")) == event


def test_no_promised_event_is_only_emitted() -> None:
    """By the source: who makes one on the spot hands it to `promise` or `record`."""
    promised = {kind.__name__ for kind in KINDS}
    found = set()
    for path in sorted(Path(spark_tui.session.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            made_here = node.args[0]
            if name.lstrip("_") != "emit" or not isinstance(made_here, ast.Call):
                continue
            kind = getattr(made_here.func, "attr", getattr(made_here.func, "id", ""))
            if kind in promised:
                found.add((path.name, kind))
    assert found == CANNOT_WAIT
