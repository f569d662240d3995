"""The tally of formats on disk: kept between processes, never in the way of a turn."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_tui.edits.formats.tally import TOO_MANY, WINDOW, Outcome, Record, Tally
from spark_tui.session.tallying import MOST_BYTES, MOST_MODELS, Formats, decode, encode

Run = Callable[[Awaitable[None]], None]
GOOD, BAD = Outcome(True, 2, 2), Outcome(False, 1, 0)
COUNT = st.integers(0, 1 << 40)
RECORDS = st.builds(
    Record, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT,
    st.lists(st.booleans(), max_size=WINDOW).map(tuple), COUNT,
)  # fmt: skip


@pytest.fixture
def place(environ: dict[str, str]) -> Path:
    folder = Path(environ["SPARK_TUI_STATE_DIR"])
    folder.mkdir(mode=0o700, parents=True)
    return folder / "formats.json"


@given(
    st.dictionaries(st.text(max_size=9), st.dictionaries(st.text(max_size=9), RECORDS, max_size=4))
)
def test_what_is_written_is_read_again(models: dict[str, dict[str, Record]]) -> None:
    tally = Tally(models)
    assert decode(encode(tally)) == tally


@given(st.binary(max_size=200) | st.text(max_size=99).map(str.encode))
def test_other_bytes_are_no_tally(data: bytes) -> None:
    assert decode(data) is None


def test_processes_learn_from_each_other(environ: dict[str, str], place: Path) -> None:
    one, other = Formats(environ), Formats(environ)
    one.note("m", "v4a", BAD)
    other.note("m", "v4a", BAD)
    one.note("n", "blocks", GOOD)
    one.note("m", "v4a", BAD)
    assert other.choose("m", has_custom_tool=True) == "v4a", "it has not looked yet"
    other.load()
    assert other.choose("m", has_custom_tool=True) == "blocks"
    assert Formats(environ).load().of("m", "v4a").replies == TOO_MANY
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [p.name for p in place.parent.iterdir()] == ["formats.json"]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"version": 2, "models": {}}', b"[" * 100_000,
        b'{"version": 1, "models": {"m": 3}}', b'{"version": 1, "models": {"m": {"v4a": {}}}}',
        b" " * (MOST_BYTES + 1),
    ],
)  # fmt: skip
def test_a_file_that_is_not_ours_is_as_none(
    environ: dict[str, str], place: Path, data: bytes
) -> None:
    place.write_bytes(data)
    formats = Formats(environ)
    assert formats.load() == Tally()
    formats.note("m", "v4a", GOOD)
    assert Formats(environ).load().of("m", "v4a").replies == 1


@pytest.mark.parametrize("bad", [{"hunks": -1}, {"hunks": "1"}, {"hunks": True}, {"recent": "+x"},
                                 {"recent": "+" * (WINDOW + 1)}, {"recent": [True]}])  # fmt: skip
def test_a_record_that_cannot_be_is_refused(bad: dict[str, object]) -> None:
    raw = json.loads(encode(Tally().after("m", "v4a", GOOD)))
    assert decode(json.dumps(raw).encode()) is not None
    raw["models"]["m"]["v4a"] |= bad
    assert decode(json.dumps(raw).encode()) is None


def test_what_is_no_plain_file_is_left_alone(environ: dict[str, str], place: Path) -> None:
    os.mkfifo(place)
    assert Formats(environ).load() == Tally(), "a pipe is not waited for"
    place.unlink()
    target = place.with_name("elsewhere")
    target.write_bytes(encode(Tally().after("m", "v4a", GOOD)))
    place.symlink_to(target)
    formats = Formats(environ)
    assert formats.load() == Tally(), "a link is not followed"
    before = target.read_bytes()
    formats.note("m", "v4a", BAD)
    assert target.read_bytes() == before and not place.is_symlink()
    place.unlink()
    place.mkdir()
    formats.note("m", "v4a", BAD)
    assert formats.tally.of("m", "v4a").replies == 2, "it still counts for this process"


def test_without_a_folder_nothing_is_kept_and_nothing_fails(environ: dict[str, str]) -> None:
    environ["SPARK_TUI_STATE_DIR"] = "/dev/null/none"
    formats = Formats(environ)
    formats.note("m", "v4a", BAD)
    assert formats.load().of("m", "v4a").replies == 1


def test_it_does_not_grow_for_ever(environ: dict[str, str], place: Path) -> None:
    formats = Formats(environ)
    for n in range(MOST_MODELS + 9):
        formats.note(f"m{n}", "v4a", GOOD)
    formats.note("x" * 5000, "v4a", GOOD)
    kept = list(Formats(environ).load().models)
    assert kept == [f"m{n}" for n in range(9, MOST_MODELS + 9)]
