"""The machine around the repository: clocks, umasks, homes, temporary folders; and what a person
does to git's folder and to the tree between an accept and its undo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from spark_tui.session.events import Decision
from spark_tui.session.session import CommitRefused
from spark_tui.session.state import Status
from tests.faults.states.place import (
    NEW,
    TEXT,
    Place,
    Run,
    accept,
    add,
    delete,
    edit,
    offered,
    there_and_back,
)

ROOT = Path(__file__).parents[3]


# -- clocks and environments -------------------------------------------------------
@pytest.mark.parametrize("at", [0, 1, 4_102_444_800, 2**31 + 5])
def test_a_file_of_another_age(place: Place, run: Run, at: int) -> None:
    """Saved in 1970, or in 2100: times decide nothing."""

    async def story() -> None:
        for path in ("a.txt", "src", "."):
            os.utime(place.root / path, (at, at))
        await there_and_back(place, edit("a.txt"))

    run(story())


def test_the_clock_jumps(place: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day back and a year on between a request, a yes and its undo: the order of acts and of
    checkpoints is that in which they were made."""

    async def story() -> None:
        real = time.time
        shift = [0.0]
        monkeypatch.setattr(time, "time", lambda: real() + shift[0])
        session = await offered(place, edit("a.txt") + "\n" + edit("b.txt"))
        first, second = session.state.hunks
        shift[0] = -86_400.0
        await session.decide([first], Decision.ACCEPTED)
        shift[0] = 31_536_000.0
        await session.decide([second], Decision.ACCEPTED)
        shift[0] = -3.0e9
        assert (await session.undo()).hunks == (second,)
        assert place.read("a.txt") == NEW and place.read("b.txt") == TEXT
        assert (await session.undo()).hunks == (first,)
        assert [o.op for o in session.state.operations] == [1, 2, 3, 4]
        await session.close()
        again, _ = await place.open(fresh=False)
        assert place.read("a.txt") == TEXT
        assert {h.status for h in again.state.hunks.values()} == {Status.PLACED}
        await again.close()

    run(story())


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_a_umask(place: Place, run: Run, mask: int) -> None:
    """A file that is there keeps its permissions; a new one gets what the umask says; what is ours
    is private, whatever it says."""

    async def story() -> None:
        old = os.umask(mask)
        try:
            await there_and_back(place, edit("a.txt"))
            if os.geteuid() == 0 or mask != 0o777:
                session = await offered(place, add("new.txt", "x"))
                await accept(session)
                assert (place.root / "new.txt").stat().st_mode & 0o777 == 0o666 & ~mask
                assert (await session.undo_turn()).done
                await session.close()
        finally:
            os.umask(old)

    run(story())
    state = Path(place.environ["SPARK_TUI_STATE_DIR"])
    for file in state.rglob("*"):
        assert not file.stat().st_mode & 0o077 or "store.git/" in f"{file}/", file
    homes = list((state / "worktrees").iterdir())
    assert homes and all(not home.stat().st_mode & 0o077 for home in homes)


def run_program(place: Place, verb: str, said: str, **more: str | None) -> tuple[int, str]:
    """The real program, with these variables changed or gone."""
    environ = {**place.environ, "PYTHONPATH": str(ROOT)}
    for name, value in more.items():
        environ.pop(name, None)
        if value is not None:
            environ[name] = value
    done = subprocess.run(
        [sys.executable, "-m", "spark_tui", verb],
        cwd=place.root, env=environ, input=said.encode(), capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr.decode()


def other_disk() -> Path:
    """A folder on another file system than the tests'."""
    shared = Path("/dev/shm")
    here = Path(tempfile.gettempdir()).stat().st_dev
    if not shared.is_dir() or shared.stat().st_dev == here or not os.access(shared, os.W_OK):
        pytest.skip("there is one file system only")
    return Path(tempfile.mkdtemp(dir=shared))


@pytest.mark.parametrize(
    "what", ["no home", "home is gone", "tmpdir is gone", "tmpdir elsewhere", "state elsewhere"]
)
def test_an_unusual_environment(place: Place, what: str) -> None:
    """HOME missing, TMPDIR gone or on another file system, the state folder on another one: apply
    and undo work, for what is staged lies beside its target."""
    more: dict[str, str | None] = {}
    made: Path | None = None
    match what:
        case "no home":
            more = {"HOME": None, "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None}
        case "home is gone":
            more = {"HOME": "/nonexistent", "XDG_DATA_HOME": None, "XDG_CACHE_HOME": None}
        case "tmpdir is gone":
            more = {"TMPDIR": "/nonexistent"}
        case "tmpdir elsewhere":
            made = other_disk()
            more = {"TMPDIR": str(made)}
        case "state elsewhere":
            made = other_disk()
            more = {"SPARK_TUI_STATE_DIR": str(made / "state")}
    try:
        before, index = place.tree(), place.index()
        code, err = run_program(place, "apply", edit("a.txt") + "\n" + add("new/x", "x"), **more)
        assert code == 0, err
        assert place.read("a.txt") == NEW
        code, err = run_program(place, "undo", "", **more)
        assert code == 0, err
        assert (place.tree(), place.index()) == (before, index)
    finally:
        if made is not None:
            shutil.rmtree(made)


def test_a_state_folder_that_cannot_be_made(place: Place, tmp_path: Path) -> None:
    """A file is in its way (as a home that is read-only would be): exit 7 with its name and what
    to do, and nothing is written."""
    (tmp_path / "file").write_text("")
    state = str(tmp_path / "file" / "state")
    code, err = run_program(place, "apply", edit("a.txt"), SPARK_TUI_STATE_DIR=state)
    assert code == 7 and str(tmp_path / "file") in err, (code, err)
    assert "SPARK_TUI_STATE_DIR" in err or "permission" in err.lower() or "disk" in err.lower()
    assert place.read("a.txt") == TEXT


# -- between an accept and its undo ------------------------------------------------
def gc(place: Place) -> None:
    place.git("gc", "-q", "--prune=now")


def clean(place: Place) -> None:
    place.git("clean", "-fdxq")


def no_refs(place: Place) -> None:
    for ref in place.git("for-each-ref", "--format=%(refname)").split():
        place.git("update-ref", "-d", ref)


def no_git(place: Place) -> None:
    shutil.rmtree(place.root / ".git")


def no_index(place: Place) -> None:
    (place.git_dir / "index").unlink()


def no_stash(place: Place) -> None:
    place.tries("stash", "drop", "-q")


@pytest.mark.parametrize("again", [False, True], ids=["same process", "next start"])
@pytest.mark.parametrize("act", [gc, clean, no_refs, no_git, no_index, no_stash])
def test_git_is_cleaned_out_before_the_undo(
    place: Place, run: Run, act: object, again: bool
) -> None:
    """`git gc --prune=now`, `git clean -fdx`, all refs deleted, the index or the whole `.git` gone:
    undo brings the bytes back all the same, for they are not kept there."""

    async def story() -> None:
        assert callable(act)
        place.write("mine.txt", TEXT)
        place.git("add", "mine.txt")
        session = await offered(
            place, edit("a.txt") + "\n" + delete("b.txt") + "\n" + edit("mine.txt")
        )
        assert set((await accept(session)).values()) == {Status.ACCEPTED}
        act(place)
        if again:
            await session.close()
            session, _ = await place.open(fresh=False)
        assert (await session.undo_turn()).done
        for path in ("a.txt", "b.txt", "mine.txt"):
            assert place.read(path) == TEXT
        if act is no_git:
            refused = await session.commit("No git")
            assert isinstance(refused, CommitRefused)
        await session.close()

    run(story())


def test_clean_took_a_new_file(place: Place, run: Run) -> None:
    """A file that was accepted as new is swept away by `git clean`: its undo has nothing to take
    out, says so or is done, and the other files of the turn come back."""

    async def story() -> None:
        session = await offered(place, edit("a.txt") + "\n" + add("new/x.txt", "x"))
        assert set((await accept(session)).values()) == {Status.ACCEPTED}
        clean(place)
        assert not (place.root / "new").exists()
        acted = await session.undo_turn()
        assert acted.done and place.read("a.txt") == TEXT
        assert not (place.root / "new").exists()
        await session.close()

    run(story())


def test_the_checkpoints_are_gone(place: Place, run: Run) -> None:
    """Somebody deleted our own store: the next write begins a new one before it touches a file, and
    undo still does what the session itself knows."""

    def stores() -> list[Path]:
        return list(Path(place.environ["SPARK_TUI_STATE_DIR"]).glob("worktrees/*/store.git"))

    async def story() -> None:
        session = await offered(place, edit("a.txt") + "\n" + edit("b.txt"))
        first, second = session.state.hunks
        await session.decide([first], Decision.ACCEPTED)
        for store in stores():
            shutil.rmtree(store)
        assert (await session.decide([second], Decision.ACCEPTED)).checkpoint
        refs = [f for store in stores() for f in (store / "refs").rglob("*") if f.is_file()]
        assert len(refs) == 1 and place.read("b.txt") == NEW
        await session.close()
        session, _ = await place.open(fresh=False)
        while (await session.undo()).done:
            pass
        assert place.read("a.txt") == TEXT and place.read("b.txt") == TEXT
        await session.close()

    run(story())
