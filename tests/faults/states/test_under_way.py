"""Heads in every state, operations under way, locks: hunks are accepted and taken back all the
same, and nothing of git's own changes by it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spark_tui.repo.repository import Repository
from spark_tui.session.session import CommitRefused
from spark_tui.session.state import Status
from tests.faults.states.place import (
    NEW,
    TEXT,
    Place,
    Run,
    accept,
    add,
    edit,
    offered,
    there_and_back,
)


# -- heads ---------------------------------------------------------------------
def test_a_detached_head(place: Place, run: Run) -> None:
    """The branch reads "detached at 1a2b3c4"; a hunk is accepted and taken back as ever."""

    async def story() -> None:
        place.git("checkout", "-q", "--detach")
        between = await there_and_back(place, edit("a.txt"))
        assert between["a.txt"] == ("-rw-r--r--", NEW.encode())
        session, _ = await place.open()
        assert session.state.branch.startswith("detached at ")
        await session.close()

    run(story())


def test_no_commit_yet(place: Place, run: Run) -> None:
    """A repository without a commit: files are added, edited and taken back."""

    async def story() -> None:
        place.git("update-ref", "-d", "HEAD")
        place.git("rm", "-rq", "--cached", ".")
        between = await there_and_back(place, edit("a.txt") + "\n" + add("new/d.txt", "d"))
        assert between["new/d.txt"] == ("-rw-r--r--", b"d\n")

    run(story())


def test_an_empty_repository(tmp_path: Path, environ: dict[str, str], run: Run) -> None:
    """Just made by git init: the first file comes and goes again."""

    async def story() -> None:
        root = tmp_path / "empty"
        root.mkdir()
        place = Place(root, environ)
        place.git("init", "-q")
        between = await there_and_back(place, add("a.txt", "one"))
        assert between == {"a.txt": ("-rw-r--r--", b"one\n")}

    run(story())


def test_no_git_at_all(tmp_path: Path, environ: dict[str, str], run: Run) -> None:
    """A plain folder: checkpoint and undo work, and a commit is refused with what to do."""

    async def story() -> None:
        root = tmp_path / "plain"
        root.mkdir()
        place = Place(root, environ)
        place.write("a.txt", TEXT)
        session = await offered(place, edit("a.txt"))
        assert set((await accept(session)).values()) == {Status.ACCEPTED}
        assert place.read("a.txt") == NEW
        refused = await session.commit("Change it")
        assert isinstance(refused, CommitRefused) and refused.code == "no_git"
        assert (await session.undo_turn()).done and place.read("a.txt") == TEXT
        await session.close()
        assert sorted(p.name for p in root.iterdir()) == ["a.txt"]

    run(story())


# -- operations under way ----------------------------------------------------------
def diverge(place: Place) -> None:
    """`other` and main changed the same line of b.txt; `quiet` changed src/c.txt only."""
    place.git("checkout", "-q", "-b", "quiet")
    place.write("src/c.txt", "quiet\n" + TEXT)
    place.git("commit", "-qam", "Quiet")
    place.git("checkout", "-q", "-b", "other", "main")
    place.write("b.txt", TEXT.replace("three", "theirs"))
    place.git("commit", "-qam", "Theirs")
    place.git("checkout", "-q", "main")
    place.write("b.txt", TEXT.replace("three", "ours"))
    place.git("commit", "-qam", "Ours")
    place.write("b.txt", TEXT.replace("three", "ours again"))
    place.git("commit", "-qam", "Ours again")


def begin(place: Place, operation: str) -> None:
    diverge(place)
    match operation:
        case "merge" | "cherry-pick":
            place.tries(operation, "other")
        case "revert":
            place.tries("revert", "--no-edit", "HEAD~1")
        case "rebase":
            place.tries("rebase", "other")
        case "rebase --apply":
            place.tries("rebase", "--apply", "other")
        case "am":
            patch = place.git("format-patch", "-1", "--stdout", "other")
            (place.root.parent / "mail").write_text(patch)
            place.tries("am", "-3", str(place.root.parent / "mail"))
        case "bisect":
            place.git("bisect", "start", "HEAD", "HEAD~2")
        case _:
            raise AssertionError(operation)


OPERATIONS = ("merge", "cherry-pick", "revert", "rebase", "rebase --apply", "am", "bisect")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_under_way(place: Place, run: Run, operation: str) -> None:
    """A hunk outside the conflicts is accepted and taken back; the stages of the conflict, the
    heads and all that git keeps of the operation stay; a commit is refused by the operation's
    name."""

    async def story() -> None:
        begin(place, operation)
        stages = place.git("ls-files", "-s", "-v", "--debug")
        has_conflict = operation != "bisect"
        assert bool(place.git("ls-files", "-u")) is has_conflict
        await there_and_back(place, edit("a.txt"))
        assert place.git("ls-files", "-s", "-v", "--debug") == stages
        session = await offered(place, edit("a.txt"))
        name = operation.partition(" ")[0]
        assert session.state.operation == name
        await accept(session)
        refused = await session.commit("In the middle")
        if operation != "bisect":
            assert isinstance(refused, CommitRefused)
            assert refused.code in ("operation", "unmerged") and name in refused.message
        await session.close()

    run(story())


@pytest.mark.parametrize("operation", OPERATIONS[:-1])
def test_a_file_in_conflict_is_left_alone(place: Place, run: Run, operation: str) -> None:
    """ "b.txt is in conflict": no hunk goes into it before the person has resolved it."""

    async def story() -> None:
        begin(place, operation)
        before = place.kept()
        session = await offered(place, edit("b.txt", "five", "FIVE"))
        stands = await accept(session)
        assert set(stands.values()) == {Status.CONFLICT}, stands
        message = next(iter(session.state.hunks.values())).message
        assert "b.txt" in message and operation.partition(" ")[0] in message, message
        assert place.kept() == before
        place.write("b.txt", TEXT)
        place.git("add", "b.txt")
        assert set((await accept(session)).values()) == {Status.ACCEPTED}
        assert place.read("b.txt") == TEXT.replace("five", "FIVE")
        await session.close()

    run(story())


def test_a_conflict_is_refused_without_a_person(place: Place) -> None:
    """`apply` on a file in conflict: exit 6, nothing is written, and the document says why."""
    begin(place, "merge")
    before = place.kept()
    ran = place.shell("apply", "--json", stdin=edit("b.txt", "five", "FIVE"))
    assert ran.code == 6
    assert ran.document["status"] in ("conflict", "refused")
    assert "merge" in str(ran.document)
    assert place.kept() == before


# -- locks -------------------------------------------------------------------------
@pytest.mark.parametrize("lock", ["index.lock", "HEAD.lock", "refs/heads/main.lock", "config.lock"])
def test_a_lock_of_gits_is_no_hindrance(place: Place, run: Run, lock: str) -> None:
    """Another git holds a lock, or one was left by a crash: hunks are accepted and taken back, and
    the lock is still there afterwards."""

    async def story() -> None:
        (place.git_dir / lock).write_bytes(b"")
        await there_and_back(place, edit("a.txt"))
        assert (place.git_dir / lock).exists()

    run(story())


def test_a_lock_stops_a_commit_with_its_name(place: Place, run: Run) -> None:
    """A commit waits for nobody's lock for ever: it is refused, the lock is named with its age and
    never deleted, the hunks stay accepted."""

    async def story() -> None:
        lock = place.git_dir / "index.lock"
        session = await offered(place, edit("a.txt"))
        await accept(session)
        lock.write_bytes(b"")
        os.utime(lock, (1_600_000_000, 1_600_000_000))
        refused = await session.commit("Change it")
        assert isinstance(refused, CommitRefused)
        assert "index.lock" in refused.message + refused.output, refused
        assert lock.exists() and place.read("a.txt") == NEW
        assert [h.committed for h in session.state.accepted_hunks()] == [""]
        await session.close()

    run(story())


def test_status_waits_for_no_lock(place: Place) -> None:
    """Looking around takes no lock of git's, and leaves none."""
    (place.git_dir / "index.lock").write_bytes(b"")
    found = Repository.discover(place.root, environ=place.environ)
    assert found is not None and found.status().marks == {}
