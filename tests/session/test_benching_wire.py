"""The same over a real socket: a service that knows the tasks, on loopback."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spark_tui.session.benching import Comparison, Ending, Side
from spark_tui.session.measuring import Measuring
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.session.tasks import load_tasks
from spark_tui.settings.config import Models, Settings, load
from tests.support.solving import comment, solution
from tests.support.wire_server import Step, WireServer, answer


class Service:
    """Answers over the socket: `good` does each task, any other model none."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def __call__(self, body: dict[str, Any]) -> Sequence[Step]:
        said = json.dumps(body["input"][-1])
        task = next((t for t in load_tasks() if json.dumps(t.prompt)[1:-1] in said), None)
        text = (
            "Nothing." if task is None else (solution if body["model"] == "good" else comment)(task)
        )
        return answer(text, f"resp_{next(self._numbers)}")


async def opened(where: Path, settings: Settings, environ: Mapping[str, str]) -> Session:
    return await open_session(where, settings, environ=environ)


def settings_for(server: WireServer, environ: dict[str, str], model: str) -> Settings:
    plain = load(environ=environ, flags={"base_url": server.base_url})
    return replace(plain, models=Models(model, model))


def test_two_models_over_the_wire(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with WireServer(Service()) as server:
            sides = [
                Side(name, "fast", settings_for(server, environ, name), environ)
                for name in ("good", "bad")
            ]
            comparison = Comparison(sides, load_tasks("2"), opened, tell=lambda _: None)
            await comparison.run()
            found = [(result.side, result.ending) for result in comparison.results]
            assert found == [("good", Ending.PASSED), ("bad", Ending.TEST)] * 2
            assert comparison.ended is None
            assert {result.turn.wire for result in comparison.results} == {"responses-ws"}
            assert [body["model"] for body in server.bodies] == ["good", "bad"] * 2

    asyncio.run(asyncio.wait_for(main(), 60))


def test_turns_of_one_conversation_over_the_wire(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with WireServer(Service()) as server:
            settings = settings_for(server, environ, "good")
            work = Measuring(settings, environ, opened, tell=lambda _: None)
            await work.run(3)
            assert [turn.hunks != [] for turn in work.turns] == [True] * 3
            first, *others = [turn.figures for turn in work.turns]
            assert first is not None and first.connect_ms > 0 and not first.reused
            assert all(other is not None and other.reused for other in others)
            assert [body.get("previous_response_id") for body in server.bodies] == [
                None, "resp_0", "resp_1",
            ]  # fmt: skip
            assert len({asked.connection for asked in server.asked}) == 1

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_refused_key_is_sent_once(environ: dict[str, str]) -> None:
    """The whole comparison makes one attempt, on the socket, and none over HTTP."""

    async def main() -> None:
        async with WireServer(Service(), handshakes=[401] * 9) as server:
            sides = [
                Side(name, "fast", settings_for(server, environ, name), environ)
                for name in ("good", "bad")
            ]
            comparison = Comparison(sides, load_tasks(), opened, tell=lambda _: None)
            await comparison.run()
            assert comparison.ended is not None and comparison.ended.code == "key_refused"
            assert (len(comparison.results), len(server.upgrades), server.asked) == (1, 1, [])

    asyncio.run(asyncio.wait_for(main(), 60))
