"""What the person does between the request and the yes: to the file, and to the branch."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence

import pytest

from spark_tui.errors import DiskFault
from spark_tui.model.provider import Delta, Request
from spark_tui.model.scripted import done, patch
from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import CommitDone
from spark_tui.session.state import Status
from tests.faults.states.place import NEW, TEXT, Place, Run, accept, edit, offered

H1 = HunkId("t1h1")
HALF = "since you asked."


# -- the file ----------------------------------------------------------------------
def test_a_hundred_edits_survive(place: Place, run: Run) -> None:
    """100 edits of the person at random places, half of them of the same size with the old times
    put back: each is in the file after a yes, whether the hunk went in beside it or not."""

    async def story() -> None:
        chance = random.Random(9)
        session = await offered(place, edit("a.txt"))
        file = place.root / "a.txt"
        went_in = 0
        for n in range(100):
            place.write("a.txt", TEXT)
            seen = file.stat()
            lines = TEXT.splitlines()
            at = chance.randrange(5)
            mine = f"{n:03}{lines[at]}"[: len(lines[at])] if n % 2 else f"mine {n}"
            lines[at] = mine
            place.write("a.txt", "".join(f"{line}\n" for line in lines))
            if n % 2:
                assert file.stat().st_size == seen.st_size
                os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
            await session.decide([H1], Decision.ACCEPTED)
            now = place.read("a.txt").splitlines()
            if session.state.hunks[H1].status is Status.ACCEPTED:
                went_in += 1
                assert now == [("THREE" if old == "three" else old) for old in lines]
                assert (await session.undo()).done
            else:
                assert session.state.hunks[H1].status is Status.CONFLICT and now == lines
                await session.decide([H1], Decision.OPEN)
            assert place.read("a.txt").splitlines() == lines
        assert 0 < went_in < 100
        await session.close()

    run(story())


@pytest.mark.parametrize(
    ("what", "words"),
    [("deleted", "is gone"), ("link", "is a link"), ("folder", "is a folder"),
     ("pipe", "not a regular file"), ("dangling", "is a link"), ("binary", "binary")],
)  # fmt: skip
def test_the_file_became_something_else(place: Place, run: Run, what: str, words: str) -> None:
    """Deleted, a link, a folder, a pipe, binary data: the hunk is in conflict and says so; nothing
    is followed, waited for or overwritten."""

    async def story() -> None:
        session = await offered(place, edit("a.txt"))
        file = place.root / "a.txt"
        file.unlink()
        match what:
            case "link":
                file.symlink_to("b.txt")
            case "dangling":
                file.symlink_to("nowhere")
            case "folder":
                file.mkdir()
            case "pipe":
                os.mkfifo(file)
            case "binary":
                file.write_bytes(b"\0\1\2")
        before = place.kept()
        assert (await accept(session))[H1] is Status.CONFLICT
        assert words in session.state.hunks[H1].message
        assert place.kept() == before
        await session.close()

    run(story())


def test_its_permissions_changed(place: Place, run: Run) -> None:
    """A file that was made executable stays so; one that was made read-only is left alone, and it
    is said how to open it."""

    async def story() -> None:
        session = await offered(place, edit("a.txt"))
        file = place.root / "a.txt"
        file.chmod(0o750)
        assert (await accept(session))[H1] is Status.ACCEPTED
        assert place.read("a.txt") == NEW and file.stat().st_mode & 0o777 == 0o750
        assert (await session.undo()).done and file.stat().st_mode & 0o777 == 0o750
        file.chmod(0o444)
        with pytest.raises(DiskFault, match=r"a\.txt is read-only") as caught:
            await session.decide([H1], Decision.ACCEPTED)
        assert "chmod u+w" in caught.value.hint and place.read("a.txt") == TEXT
        await session.close()

    run(story())


# -- the branch --------------------------------------------------------------------
def switch(place: Place) -> None:
    place.git("checkout", "-q", "-b", "feature")


def detach(place: Place) -> None:
    place.git("checkout", "-q", "--detach")


def commit(place: Place) -> None:
    place.write("b.txt", "mine\n")
    place.git("commit", "-qam", "Mine")


def reset(place: Place) -> None:
    place.git("reset", "-q", "--soft", "HEAD~1")


def rebase(place: Place) -> None:
    place.git("checkout", "-q", "-b", "base", "HEAD~1")
    place.git("commit", "-q", "--allow-empty", "-m", "Base")
    place.git("checkout", "-q", "main")
    place.git("rebase", "-q", "base")


MOVES = {
    switch: "The branch changed from main to feature since you asked.",
    detach: "The branch changed from main to detached at ",
    commit: "main moved from ",
    reset: "main moved from ",
    rebase: "main moved from ",
}


def replies(
    place: Place, act: Callable[[Place], None]
) -> list[Callable[[Request], Sequence[Delta]]]:
    """One answer; while it comes the person does something."""

    def reply(_: Request) -> Sequence[Delta]:
        act(place)
        return [*patch(edit("a.txt"), chunk=40), *done()]

    return [reply]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("act", "words"), MOVES.items())
def test_head_moved_while_the_answer_came(
    place: Place, run: Run, act: Callable[[Place], None], words: str, packed: bool
) -> None:
    """ "The branch changed from main to feature since you asked. Nothing was written by itself."
    The hunk stays open; a yes works, after it was said; undo brings bytes back, not branches."""

    async def story() -> None:
        place.git("commit", "-q", "--allow-empty", "-m", "Second")
        if packed:
            place.git("pack-refs", "--all")
        session, _ = await place.open(replies(place, act), accept="all")
        await session.run("shout", accept="all")
        told = [n for n in session.state.notices if HALF in n.message]
        assert len(told) == 1 and told[0].message.startswith(words), told
        assert told[0].message.endswith("Nothing was written by itself.")
        assert place.read("a.txt") == TEXT and session.state.hunks[H1].status is Status.PLACED
        head = place.git("rev-parse", "HEAD"), place.git("reflog", "--all")
        assert (await session.decide([H1], Decision.ACCEPTED)).written == (H1,)
        assert place.read("a.txt") == NEW
        assert len([n for n in session.state.notices if HALF in n.message]) == 1
        assert (await session.undo_turn()).done and place.read("a.txt") == TEXT
        assert (place.git("rev-parse", "HEAD"), place.git("reflog", "--all")) == head
        await session.close()

    run(story())


def test_nobody_is_there_to_say_yes(place: Place) -> None:
    """`edit --accept all` while somebody switches the branch: exit 6, nothing is written, the
    document says why and the hunks stay open for `accept`."""
    shell = place.shell
    shell.replies = replies(place, switch)
    ran = shell("edit", "--accept", "all", "--json", "--", "shout in a.txt")
    assert ran.code == 6, ran
    assert place.read("a.txt") == TEXT
    assert any(MOVES[switch] in e["message"] for e in ran.document["errors"])
    assert ran.document["status"] == "pending"
    again = shell("accept", "t1h1")
    assert again.code == 0 and MOVES[switch] in again.err and place.read("a.txt") == NEW


def test_a_person_is_told_before_their_yes(place: Place, run: Run) -> None:
    """In review: the branch was switched after the answer came. The yes is carried out, and what
    changed is said first, once; a stash of the person's own work is not HEAD's business."""

    async def story() -> None:
        session = await offered(place, edit("a.txt"))
        switch(place)
        assert (await accept(session))[H1] is Status.ACCEPTED
        told = [n.message for n in session.state.notices if HALF in n.message]
        assert told == [MOVES[switch]]
        assert (await session.undo()).done
        await accept(session)
        assert [n.message for n in session.state.notices if HALF in n.message] == told
        await session.close()

    run(story())


def test_a_stash_takes_the_files_with_it(place: Place, run: Run) -> None:
    """The person's uncommitted lines were part of what the model saw, then they were stashed: a
    hunk beside them is in conflict, nothing is written, the stash is whole."""

    async def story() -> None:
        place.write("a.txt", TEXT.replace("two", "mine"))
        session = await offered(place, edit("a.txt"))
        place.git("stash", "-q")
        assert (await accept(session))[H1] is Status.CONFLICT
        assert place.read("a.txt") == TEXT
        place.git("stash", "pop", "-q")
        assert (await accept(session))[H1] is Status.ACCEPTED
        assert place.read("a.txt") == TEXT.replace("two", "mine").replace("three", "THREE")
        await session.close()

    run(story())


def test_our_own_commit_is_no_news(place: Place, run: Run) -> None:
    """Committing what was accepted moves HEAD by the person's word: nothing is said."""

    async def story() -> None:
        session = await offered(place, edit("a.txt") + "\n" + edit("b.txt"))
        await session.decide([H1], Decision.ACCEPTED)
        assert isinstance(await session.commit("Shout"), CommitDone)
        await session.decide([HunkId("t1h2")], Decision.ACCEPTED)
        assert not [n for n in session.state.notices if HALF in n.message]
        await session.close()

    run(story())
