"""What is known of endpoints outlives the process, and never stops anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from spark_tui.model.catalog import Known
from spark_tui.session.endpoints import MOST_BYTES, NAME, Endpoints, decode, encode
from spark_tui.settings.paths import state_dir

ORIGIN = "https://h:443/v1"
KNOWN = Known(
    "chat", "no WebSocket (404)", {"m": frozenset({"tools", "temperature"})}, True, 1_800_000_000.0
)


def at_once(job: Callable[[], None]) -> None:
    job()


def file_of(environ: Mapping[str, str]) -> Path:
    return state_dir(environ) / NAME


def read(environ: Mapping[str, str]) -> Endpoints:
    endpoints = Endpoints(environ, beside=at_once)
    endpoints.load()
    return endpoints


def test_the_next_process_knows_it(environ: dict[str, str]) -> None:
    first = read(environ)
    assert first.recall(ORIGIN) is None
    first.note(ORIGIN, KNOWN)
    assert first.recall(ORIGIN) == KNOWN
    assert read(environ).recall(ORIGIN) == KNOWN
    assert file_of(environ).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file_of(environ).parent.iterdir()] == [NAME]


def test_rows_of_other_processes_are_kept(environ: dict[str, str]) -> None:
    one, other = read(environ), read(environ)
    one.note("https://one:443/v1", KNOWN)
    other.note("https://other:443/v1", KNOWN)
    one.note("https://one:443/v1", replace(KNOWN, wire="responses"))
    found = read(environ)
    assert found.recall("https://other:443/v1") == KNOWN
    assert found.recall("https://one:443/v1") == replace(KNOWN, wire="responses")


def test_what_was_noted_before_the_file_was_read_wins(environ: dict[str, str]) -> None:
    read(environ).note(ORIGIN, KNOWN)
    waiting: list[Callable[[], None]] = []
    late = Endpoints(environ, beside=waiting.append)
    late.note(ORIGIN, replace(KNOWN, wire="responses-ws"))
    late.load()
    found = late.recall(ORIGIN)
    assert found is not None
    assert found.wire == "responses-ws"


def test_noting_is_no_work_for_the_loop(environ: dict[str, str]) -> None:
    waiting: list[Callable[[], None]] = []
    endpoints = Endpoints(environ, beside=waiting.append)
    for wire in ("chat", "responses"):
        endpoints.note(ORIGIN, replace(KNOWN, wire=wire))
    assert not file_of(environ).exists()
    waiting.pop(0)()
    written = file_of(environ).read_bytes()
    assert b'"responses"' in written
    file_of(environ).unlink()
    waiting.pop(0)()  # the first took it along
    assert not file_of(environ).exists()


def test_a_thread_of_the_loop_writes_before_the_program_ends(environ: dict[str, str]) -> None:
    async def main() -> None:
        Endpoints(environ).note(ORIGIN, KNOWN)

    asyncio.run(main())
    assert read(environ).recall(ORIGIN) == KNOWN


def test_only_the_newest_rows_stay() -> None:
    rows = {f"https://h{n}:443/v1": replace(KNOWN, at=float(1000 - n)) for n in range(100)}
    kept = decode(encode(rows))
    assert sorted(kept) == sorted(f"https://h{n}:443/v1" for n in range(64))


ROW = json.loads(encode({ORIGIN: KNOWN}))["endpoints"][ORIGIN]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"null",
        b'{"version": 2, "endpoints": {}}',
        b'{"version": 1, "endpoints": 7}',
        b"[" * 100_000,
        b" " * (MOST_BYTES + 1),
    ],
)
def test_a_damaged_file_is_as_none_and_is_replaced(environ: dict[str, str], data: bytes) -> None:
    file_of(environ).parent.mkdir(parents=True)
    file_of(environ).write_bytes(data)
    found = read(environ)
    assert found.recall(ORIGIN) is None
    found.note(ORIGIN, KNOWN)
    assert read(environ).recall(ORIGIN) == KNOWN


@pytest.mark.parametrize(
    "change",
    [
        {"wire": "\x1b[2J"},
        {"wire": 7},
        {"why": "x" * 999},
        {"why": "\x1b]52;c;"},
        {"without": []},
        {"without": {"m": ["\x00"]}},
        {"without": {"m": 7}},
        {"drops_tools": "yes"},
        {"at": "today"},
        {"at": None},
    ],
    ids=str,
)
def test_a_row_that_is_none_is_left_out_alone(change: dict[str, object]) -> None:
    rows = {ORIGIN: {**ROW, **change}, "https://good:443/v1": ROW, "nonsense": ROW, "x": []}
    data = json.dumps({"version": 1, "endpoints": rows}).encode()
    assert decode(data) == {"https://good:443/v1": KNOWN}


@pytest.mark.parametrize(
    "origin",
    ["https://me:hunter2@h/v1", "https://h/v1?key=hunter2", "https://h/v1#hunter2", "file:///x"],
)
def test_an_origin_that_may_hold_a_key_is_never_written(
    environ: dict[str, str], origin: str
) -> None:
    endpoints = read(environ)
    endpoints.note(origin, KNOWN)
    assert not file_of(environ).exists()


def test_a_place_that_cannot_be_written_stops_nothing(environ: dict[str, str]) -> None:
    file_of(environ).parent.parent.mkdir(parents=True)
    file_of(environ).parent.write_text("a file where the folder should be")
    endpoints = read(environ)
    endpoints.note(ORIGIN, KNOWN)
    assert endpoints.recall(ORIGIN) == KNOWN


def test_a_link_in_its_place_is_not_followed(environ: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(encode({ORIGIN: KNOWN}))
    file_of(environ).parent.mkdir(parents=True)
    file_of(environ).symlink_to(target)
    endpoints = read(environ)
    assert endpoints.recall(ORIGIN) is None
    endpoints.note("https://new:443/v1", KNOWN)
    assert decode(target.read_bytes()) == {ORIGIN: KNOWN}
    assert not file_of(environ).is_symlink()
