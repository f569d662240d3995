"""A journal that a death, a power cut or somebody else has spoilt: what is whole counts, what comes
next stands on a line of its own, and what nobody can read is said."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from spark_tui.errors import DiskFault, RepositoryFault
from spark_tui.model.scripted import done, patch, say
from spark_tui.session import encoding
from spark_tui.session import events as ev
from spark_tui.session import journal as journal_module
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.journal import Journal, replay
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.state import SessionState
from tests.support.bench import Bench

Run = Callable[[Awaitable[None]], None]
EDIT = """\
*** Begin Patch
*** Update File: calc.py
@@ def add(a, b):
-    return a + b
+    return "ä\U0001f600\\udcff" + b + a
*** End Patch
"""
NEXT = ev.Noticed("info", "back", "")


@pytest.fixture
def real(bench: Bench, run: Run) -> Path:
    """What a session with a turn, a draft and a decision leaves; many escapes of several bytes."""
    path: list[Path] = []

    async def story() -> None:
        session, _ = await bench.open([[*say("Grüße \U0001f600 \udcff"), *patch(EDIT), *done()]])
        await session.run("füge \U0001f600 ein")
        session.keep_draft("ein Entwurf mit \udcff und \U0001f680\nzweite Zeile")
        await session.decide([HunkId("t1h1")], Decision.ACCEPTED)
        home = worktree_state_dir(bench.environ, bench.root)
        path.append(home / "sessions" / session.state.session / "journal.jsonl")
        await session.close()

    run(story())
    return path[0]


def test_cut_at_every_byte(real: Path, tmp_path: Path) -> None:
    data = real.read_bytes()
    whole = list(replay(real))
    assert data.count(b"\\u") > 10 and len(whole) > 10
    ends = [at + 1 for at, sign in enumerate(data) if sign == 0x0A]
    path = tmp_path / "journal.jsonl"
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        count = max(0, sum(1 for end in ends if end <= cut) - 1)  # but for the line of the format
        is_whole_line = data[cut : cut + 1] == b"\n"  # only its end is missing: it can be read
        read = list(replay(path))
        assert read in (whole[:count], whole[: count + is_whole_line]), cut
        state = SessionState()
        for event in read:
            state.apply(event)
        if cut % 7 == 0 or cut + 3 > len(data):
            again = Journal(path)
            again.write([NEXT], sync=False)
            again.close()
            damage: list[int] = []
            assert list(replay(path, damage)) == [*read, NEXT], cut
            assert damage == [], "a torn line is nothing to be told of"


def test_a_tail_of_nothing_after_a_power_cut(real: Path) -> None:
    whole = list(replay(real))
    with real.open("ab") as file:
        file.write(b"\0" * 9000)
    again = Journal(real)
    again.write([NEXT], sync=True)
    again.close()
    damage: list[int] = []
    assert list(replay(real, damage)) == [*whole, NEXT]
    assert len(damage) == 1


@pytest.mark.parametrize("block", [b"\0" * 512, bytes(range(256)) * 2, b"\n" * 512, b"x" * 512])
def test_a_block_in_the_middle_is_somebody_elses(real: Path, block: bytes) -> None:
    data = real.read_bytes()
    whole = list(replay(real))
    at = len(data) // 2
    real.write_bytes(data[:at] + block + data[at + 512 :])
    damage: list[int] = []
    read = list(replay(real, damage))
    first = data[:at].count(b"\n") - 1
    last = data[at + 512 :].count(b"\n") - 1
    assert read[:first] == whole[:first]
    assert not last or read[-last:] == whole[-last:]
    assert damage
    state = SessionState()
    for event in read:
        state.apply(event)


def test_what_was_left_out_is_said(bench: Bench, run: Run, real: Path) -> None:
    data = real.read_bytes()
    at = data.index(b'{"e":"Said"')
    real.write_bytes(data[:at] + b"\xff" + data[at + 1 :])

    async def story() -> None:
        session, _ = await bench.open(fresh=False)
        (told,) = session.state.notices
        assert told.message == "1 line of this session's journal cannot be read and were left out."
        await session.close()

    run(story())


def test_a_later_format_is_refused_in_words(real: Path) -> None:
    data = real.read_bytes()
    real.write_bytes(
        json.dumps({"format": encoding.VERSION + 1}).encode() + data[data.index(b"\n") :]
    )
    with pytest.raises(RepositoryFault, match="newer spark-tui") as caught:
        list(replay(real))
    assert "Update" in caught.value.hint and caught.value.exit_code == 7


def test_an_event_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.write([NEXT], sync=False)
    journal.close()
    with (tmp_path / "j").open("ab") as file:
        file.write(b'{"e":"FromLater","x":[1]}\n')
    damage: list[int] = []
    assert list(replay(tmp_path / "j", damage)) == [NEXT]
    assert damage == []


def test_a_journal_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "j").mkdir()
    with pytest.raises(DiskFault, match="cannot be read"):
        list(replay(tmp_path / "j"))


def test_one_line_at_a_time(tmp_path: Path) -> None:
    """What is read ahead does not grow with the journal."""
    journal = Journal(tmp_path / "j")
    journal.write([ev.Said(1, "x" * 100)] * 5000, sync=False)
    journal.close()
    events = replay(tmp_path / "j")
    next(events)
    frame = events.gi_frame  # type: ignore[attr-defined]
    held = sum(len(value) for value in frame.f_locals.values() if isinstance(value, bytes))
    assert held < 1000
    assert frame.f_locals["file"].tell() < 1000


# -- the promise itself ------------------------------------------------------------------
def test_names_are_on_the_disk_before_the_first_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(journal_module, "sync_folder", lambda folder: synced.append(str(folder)))
    folder = tmp_path / "home" / "sessions" / "one"
    Journal(folder / "journal.jsonl").close()
    wanted = [folder, folder.parent, folder.parent.parent, tmp_path]
    assert set(synced) == {str(each) for each in wanted}
    synced.clear()
    Journal(folder / "journal.jsonl").close()
    assert synced == [], "nothing is new"


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o027])
def test_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        journal = Journal(tmp_path / "a" / "b" / "j")
        journal.write([NEXT], sync=True)
        journal.close()
    finally:
        os.umask(before)
    for path, mode in (("a", 0o700), ("a/b", 0o700), ("a/b/j", 0o600)):
        assert (tmp_path / path).stat().st_mode & 0o777 == mode, path


@pytest.mark.parametrize("what", ["write", "fsync"])
@pytest.mark.parametrize("number", [28, 5])
def test_the_state_never_knows_what_the_disk_does_not_hold(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        home = worktree_state_dir(bench.environ, bench.root)
        path = home / "sessions" / session.state.session / "journal.jsonl"
        real, events = getattr(os, what), list(replay(path))

        def broken(file: int, *rest: bytes) -> int:
            if Path(f"/proc/self/fd/{file}").readlink() != path:
                return int(real(file, *rest) or 0)
            if what == "write" and rest:
                real(file, rest[0][:5])
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr(os, what, broken)
            with pytest.raises(DiskFault, match=os.strerror(number)):
                await session.queue("later")
            assert session.state.queue == []
            assert list(replay(path)) == events
            session.keep_draft("typed meanwhile")
            if what == "write":
                await until(lambda: bool(session.state.notices))
                assert os.strerror(number) in session.state.notices[0].message
        await session.queue("now")
        assert session.state.queue == ["now"]
        await session.close()
        told = [e for e in replay(path) if isinstance(e, ev.PromptQueued | ev.DraftKept)]
        assert told == [ev.DraftKept("typed meanwhile"), ev.PromptQueued("now")]

    run(story())


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not claim():  # noqa: ASYNC110 - any event may bring it about
            await asyncio.sleep(0)


def test_drafts_that_grow_cost_what_is_new(bench: Bench, run: Run) -> None:
    async def story() -> None:
        session, _ = await bench.open()
        text, written = "", 0
        heard: list[Event] = []
        session.listen(heard.append)
        for number in range(400):
            text += f"word {number} "
            session.keep_draft(text)
        session.keep_draft(text[:300] + "!" + text[300:])
        written = sum(len(json.dumps(encoding.encode(event))) for event in heard)
        assert written < 12 * len(text), "not the whole text each time"
        await session.close()
        again, _ = await bench.open(fresh=False)
        assert again.state.draft == text[:300] + "!" + text[300:]
        await again.close()

    run(story())
