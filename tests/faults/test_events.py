"""Events that come twice, in another order, not at all, in an unknown kind or as nonsense.

The rule kept here: the tree is that of the good answer, or nothing was written and it is said why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from spark_tui.session.events import Outcome
from tests.faults.reply import PROSE, chat, patch, responses
from tests.faults.rig import WIRES, Rig, case, play, rig
from tests.faults.service import Binary
from tests.support.bench import Bench
from tests.support.wire_server import Drop, Raw, Step

Harm = Callable[[list[Step]], list[Step]]
SIZE = len(responses(PROSE, patch(0, 1, 2)))
CHUNKS = len(chat(PROSE, patch(0, 1, 2)))
SILENT_CHUNKS = (0, CHUNKS - 2, CHUNKS - 1)
"""Those without text: the role, the reason to stop, the usage."""


async def play_harmed(made: Rig, harm: Harm) -> Outcome:
    """The harmed answer, and then a good one on the same connection where that is still there."""
    made.service.faults.append(harm)
    outcome = await made.ask(garbled=True)
    if outcome is not Outcome.COMPLETE:
        assert made.ended.code, "a clean refusal"
    if outcome is Outcome.INCOMPLETE:
        assert made.issues(), "it says that it differs"
    await made.ask_again()
    return outcome


def every(bench: Bench, wire: str, harms: Mapping[str, Harm], allowed: set[Outcome]) -> set[str]:
    """Plays all; the names of those that were refused."""
    refused: set[str] = set()

    async def main() -> None:
        for name, harm in harms.items():
            with case(name):
                async with rig(bench, wire) as made:
                    outcome = await play_harmed(made, harm)
                    assert outcome in allowed
                    assert len(made.service.asked) <= 4
                    if outcome is not Outcome.COMPLETE:
                        refused.add(name)

    play(main())
    return refused


WHOLE = {Outcome.COMPLETE}
OR_REFUSED = {Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.FAILED}


def name_of(step: Step) -> str:
    return str(step.get("type", "chunk")) if isinstance(step, Mapping) else "raw"


def at_each(harm: Callable[[list[Step], int], list[Step]], step: int = 1) -> dict[str, Harm]:
    names = [event["type"] for event in responses(PROSE, patch(0, 1, 2))]
    return {f"{k} {names[k]}": partial(_at, harm, k) for k in range(0, SIZE, step)}


def _at(harm: Callable[[list[Step], int], list[Step]], k: int, good: list[Step]) -> list[Step]:
    return harm(good, k)


def twice(good: list[Step], k: int) -> list[Step]:
    return [*good[: k + 1], *good[k:]]


FEWER = {"responses-ws": 1, "responses": 3}
"""Both wires read events in the same way: one of them plays all."""


@pytest.mark.parametrize("wire", WIRES[:2])
def test_each_event_comes_twice(bench: Bench, wire: str) -> None:
    """With its sequence number: it is the same one."""
    assert every(bench, wire, at_each(twice, FEWER[wire]), WHOLE) == set()


@pytest.mark.parametrize("wire", WIRES[:2])
def test_the_whole_answer_comes_twice(bench: Bench, wire: str) -> None:
    assert every(bench, wire, {"all": lambda good: good * 2}, WHOLE) == set()


def test_chunks_without_text_come_twice(bench: Bench) -> None:
    """Text that comes twice cannot be told in this dialect: chunks have no number."""
    harms: dict[str, Harm] = {str(k): partial(_at, twice, k) for k in (*SILENT_CHUNKS, CHUNKS)}
    assert every(bench, "chat", harms, WHOLE) == set()


@pytest.mark.parametrize("wire", WIRES[:2])
def test_neighbours_change_places(bench: Bench, wire: str) -> None:
    def swap(good: list[Step], k: int) -> list[Step]:
        return [*good[:k], *reversed(good[k : k + 2]), *good[k + 2 :]]

    refused = every(bench, wire, at_each(swap, FEWER[wire]), OR_REFUSED)
    assert refused and all("delta" in name for name in refused)


@pytest.mark.parametrize("wire", WIRES[:2])
def test_each_event_is_missing(bench: Bench, wire: str) -> None:
    def lose(good: list[Step], k: int) -> list[Step]:
        return [*good[:k], *good[k + 1 :], *([] if k < SIZE - 1 else [Drop()])]

    refused = every(bench, wire, at_each(lose, FEWER[wire]), OR_REFUSED)
    assert refused and all("delta" in name or "completed" in name for name in refused)


@pytest.mark.parametrize("wire", WIRES[:2])
@pytest.mark.parametrize("nonsense", [None, 5, [], {"x": [1]}, "\x1b[31m", -1], ids=repr)
def test_an_event_holds_nonsense(bench: Bench, wire: str, nonsense: object) -> None:
    def spoil(good: list[Step], k: int) -> list[Step]:
        event = good[k]
        assert isinstance(event, Mapping)
        spoilt = {name: event[name] if name == "type" else nonsense for name in event}
        return [*good[:k], spoilt, *good[k + 1 :]]

    every(bench, wire, at_each(spoil, 11) | at_each(spoil, SIZE - 1), OR_REFUSED)


# -- what is not for us ---------------------------------------------------------------------------
DEEP = "[" * 100_000
STRANGE: Mapping[str, Step] = {
    "unknown": {"type": "response.mood.delta", "delta": "*** Begin Patch\n", "item_id": "msg_1"},
    "no type": {"delta": "x"},
    "type is a number": {"type": 7, "delta": "x"},
    "rate limits": {"type": "codex.rate_limits", "rate_limits": {"primary": None}},
    "keepalive": {"type": "keepalive"},
    "half": Raw(b'{"type":"response.output_text.delta","delta":"x'),
    "list": Raw(b"[1,2]"),
    "text": Raw(b'"response.completed"'),
    "number": Raw(b"NaN"),
    "deep list": Raw(DEEP.encode()),
    "deep field": Raw(b'{"type":"response.completed","response":' + b'{"a":' * 50_000),
    "no UTF-8": Raw(b'{"type":"response.mood","x":"\xff\xfe"}'),
    "nothing": Raw(b""),
    "binary": Binary(b"\x00\x01\x02\xff"),
}


def framed(step: Step, wire: str) -> Step:
    """Over HTTP what is no event stands in one."""
    if wire == "responses-ws" or not isinstance(step, Raw):
        return step
    return Raw(b"data: " + step.data + b"\n\n")


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", STRANGE)
def test_strange_events_between_the_others(bench: Bench, wire: str, name: str) -> None:
    strange = framed(STRANGE[name], wire)

    def between(good: list[Step]) -> list[Step]:
        return [one for step in good for one in (strange, step)]

    def some(good: list[Step]) -> list[Step]:
        return [*good[:1], strange, *good[1:12], strange, *good[12:40], strange, *good[40:]]

    harm = some if name.startswith("deep") else between
    assert every(bench, wire, {name: harm}, WHOLE) == set()


@pytest.mark.parametrize("wire", WIRES)
def test_unknown_fields_in_all_events(bench: Bench, wire: str) -> None:
    def more(value: Any) -> Any:
        match value:
            case Mapping():
                grown = {name: more(inner) for name, inner in value.items()}
                return {"x_new": {"type": "response.completed", "error": []}, **grown, "obj": None}
            case list():
                return [more(inner) for inner in value]
            case _:
                return value

    assert every(bench, wire, {"all": lambda good: [more(step) for step in good]}, WHOLE) == set()


def test_events_in_binary_frames(bench: Bench) -> None:
    """They are read like text."""

    def binary(good: list[Step]) -> list[Step]:
        return [Binary(json.dumps(step).encode()) for step in good]

    assert every(bench, "responses-ws", {"all": binary}, OR_REFUSED) == set()
