"""What must be true after a process died in a verb: looked at by the next start and the one after.

The rule kept here: the files of the verb are all old or all new, the journal says the same, the
person's repository is untouched (after a commit: whole, at the old or the new one), nothing of
ours is left in the work tree, and the way back and forth works. What is not so is a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from spark_tui.repo.checkpoints import CheckpointStore
from spark_tui.session.opening import worktree_state_dir
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from tests.support.scenes import Entry, Place, act, look, opened

Tree = Mapping[str, Entry]
_OURS = re.compile(r"(^|/)\.spark-tui-[0-9a-f]{12}\.tmp$")


@dataclass
class Aims:
    """Before the verb and after it, as a run shows that nobody disturbs."""

    old: Tree
    new: Tree
    git: Tree
    """The person's repository, to the byte."""
    old_words: Mapping[str, str]
    """Hunk → status."""
    new_words: Mapping[str, str]
    head: str
    """The commit before, and the tree that a commit makes."""
    made_tree: str
    staged: str
    """What the person has staged, which no verb touches."""
    notices: int


@dataclass
class Found:
    """One death, judged."""

    reached: bool = True
    outcome: str = ""
    """old or new."""
    recovered: bool = False
    """There was something to clear away, or a set to finish or to take back."""
    start_died: bool = False
    """A start that repaired died as well, so that the one we see may find all in order."""
    half: bool = False
    """Some files were old and some new."""
    lost: int = 0
    torn: int = 0
    stuck: int = 0
    """The way back or forth failed."""
    lived: bool = False
    """The verb came to its end and could speak for itself."""
    folders: bool = True
    """An empty folder that could not be removed counts as a fault."""
    message: str = ""
    """What the start said of it."""
    said: str = ""
    """What the verb itself said, where it lived to do so."""
    wrong: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """What a killed git left, named so: no fault of the start, but to be seen."""

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


def staged(place: Place) -> str:
    return place.git("diff", "--cached", "--raw", "--no-abbrev")


def words(session: Session) -> dict[str, str]:
    return {
        h.id: f"{h.status}{' committed' if h.committed else ''}"
        for h in session.state.hunks.values()
    }


async def aims(place: Place, verb: str, case: str) -> Aims:
    """Run the verb once to its end."""
    old, git, head = look(place.work), repository(place), place.git("rev-parse", "HEAD").strip()
    before = await opened(place) if verb != "apply" else None
    old_words = words(before) if before else {}
    notices = len(before.state.notices) if before else 0
    mine = staged(place)
    if before:
        await before.close()
    session = await opened(place, fresh=verb == "apply")
    said = await act(session, verb, case)
    assert not said, (verb, case, said)
    new_words = words(session)
    await session.close()
    tree = place.git("rev-parse", "HEAD^{tree}").strip()
    return Aims(old, look(place.work), git, old_words, new_words, head, tree, mine, notices)


def repository(place: Place) -> Tree:
    return {
        path: entry
        for path, entry in look(place.work / ".git", without=()).items()
        if entry[0] != "folder"
    }


def raw(place: Place, aim: Aims, found: Found) -> None:
    """Right after the death, before anybody repairs: a file is old or new, but one with several
    names, which is written in place."""
    there = look(place.work)
    tree = _plain(there)
    found.recovered = tree not in (aim.old, aim.new) or len(tree) != len(there)
    found.half = files(tree) not in (files(aim.old), files(aim.new))
    for path, entry in tree.items():
        if entry[0] == "file" and entry[1] not in _either(aim, path):
            found.torn += 1
            found.wrong.append(f"{path} is torn")


async def judge(
    place: Place, verb: str, case: str, aim: Aims, found: Found, *, back: bool = True
) -> None:
    """The next start, the one after, and the way back and forth."""
    session = await opened(place)
    await session.look()
    new = [n.message for n in session.state.notices[aim.notices :]]
    told = [n for n in new if n.startswith("Interrupted")]
    found.message = told[-1] if told else ""
    if found.half and not told and not found.start_died:
        found.wrong.append("the start repaired and did not say so")
    compare(place, aim, found)
    made = at_commit(place, verb, aim, found)
    said = agreed(session, verb, aim, found, made=made)
    if said:
        found.wrong.append(said)
    count = len(session.state.notices)
    await session.close()
    session = await opened(place)
    if len(session.state.notices) != count:
        found.wrong.append(f"the second start spoke: {session.state.notices[-1].message}")
    if found.wrong or not back:
        await session.close()
        return
    if verb == "commit":
        await _on_from_commit(session, place, aim, found, made=made)
    else:
        await _forth_and_back(session, place, verb, case, aim, found)
    await session.close()
    store_is_whole(place, found)


def compare(place: Place, aim: Aims, found: Found) -> None:
    """The tree is the old or the new one, to the bit."""
    whole = look(place.work)
    tree, old, new = whole, aim.old, aim.new
    if not found.folders:
        tree, old, new = files(tree), files(old), files(new)
    if tree in (old, new):
        found.outcome = "new" if tree == new and tree != old else "old"
        return
    for path in sorted({*whole, *aim.old, *aim.new}):
        now = whole.get(path)
        if now == aim.old.get(path) or now == aim.new.get(path):
            continue
        found.wrong.append(f"{path} is {_short(now)}, was {_short(aim.old.get(path))}")
        was = aim.old.get(path)
        if was and was[0] != "folder" and (now is None or now[1] not in _either(aim, path)):
            found.lost += len(was[1])
            found.torn += now is not None
    found.wrong.append("neither old nor new as a set" if not found.wrong else "not old, not new")


def at_commit(place: Place, verb: str, aim: Aims, found: Found) -> bool:
    """Whether there is a new commit; the repository is as it was, or holds exactly it."""
    if verb != "commit":
        if repository(place) != aim.git:
            found.wrong.append("something was written to the person's repository")
        return False
    head = place.git("rev-parse", "HEAD").strip()
    said = place.git("fsck", "--no-dangling", "--no-progress", check=False)
    if said.strip():
        found.wrong.append(f"git fsck: {said.strip()}")
    locks = [p for p in repository(place) if p.endswith(".lock")]
    found.left += locks
    if head == aim.head:
        tree_is = "the old commit"
    else:
        found.outcome = "new"
        tree_is = "the new commit"
        if place.git("rev-parse", "HEAD^").strip() != aim.head:
            found.wrong.append("HEAD is neither the old commit nor one on top of it")
        if place.git("rev-parse", "HEAD^{tree}").strip() != aim.made_tree:
            found.wrong.append("the commit holds something else than the accepted hunks")
    if staged(place) != aim.staged and not any(p == "index.lock" for p in locks):
        names = place.git("diff", "--cached", "--name-status").split("\n")
        found.wrong.append(f"at {tree_is} the index shows as staged: {names}")
    return head != aim.head


def agreed(session: Session, verb: str, aim: Aims, found: Found, *, made: bool) -> str:
    """The journal says what the files say."""
    now = words(session)
    if verb == "commit":
        is_so = now == (aim.new_words if made else aim.old_words)
    elif found.outcome == "new":
        is_so = now == aim.new_words
    elif verb == "apply":  # what was not told before the death is sent again
        is_so = {h.status for h in session.state.hunks.values()} <= {
            Status.PLACED, Status.UNPLACED, Status.GROWING, Status.WAITING,
        }  # fmt: skip
    else:
        is_so = now == aim.old_words
    return "" if is_so else f"the files are {found.outcome}, the journal says {now}"


async def _on_from_commit(
    session: Session, place: Place, aim: Aims, found: Found, *, made: bool
) -> None:
    """A commit that was not made can be made; a lock that a killed git left is named, and when the
    person has removed it, all is well."""
    if found.left:
        said = await act(session, "commit", "") if not made else ""
        heard = " ".join((said, *(f"{n.message} {n.hint}" for n in session.state.notices)))
        stays = [name for name in found.left if (place.work / ".git" / name).exists()]
        # After a commit that was made, one of the references is named by the next commit.
        matter = [name for name in stays if not made or name == "index.lock"]
        if made and found.lived:  # said in the note of the commit
            matter = []
        if matter and not any(name in heard for name in matter):
            found.wrong.append(f"{stays} stay and nobody says so: {heard!r}")
        for name in stays:
            (place.work / ".git" / name).unlink()
    if made:
        return
    said = await act(session, "commit", "")
    if said or place.git("rev-parse", "HEAD^{tree}").strip() != aim.made_tree:
        found.stuck += 1
        found.wrong.append(f"it cannot be committed any more: {said}")


async def _forth_and_back(
    session: Session, place: Place, verb: str, case: str, aim: Aims, found: Found
) -> None:
    """To the new tree where the verb had not come through, back to the old one, forth again."""
    if found.outcome != "new":
        said = await act(session, verb if session.state.hunks else "apply", case)
        if said or files(look(place.work)) != files(aim.new):
            found.stuck += 1
            found.wrong.append(f"{verb} cannot be done again: {said}")
            return
    back, forth = ("redo", "undo") if verb == "undo" else ("undo", "redo")
    for word, tree in ((back, aim.old), (forth, aim.new)):
        said = await act(session, word, case)
        while verb == "apply" and word == "undo" and not said and session.state.acts:
            said = await act(session, word, case)
        if said or files(look(place.work)) != files(tree):
            found.stuck += 1
            found.wrong.append(f"{word} after {verb}: {said or 'not to the byte'}")
            return


def store_is_whole(place: Place, found: Found) -> None:
    """The checkpoint store: no half object that counts, no note of a write that ended."""
    home = worktree_state_dir(place.environ, place.work)
    store = CheckpointStore.open(home, place.work, environ=place.environ)
    if store.unfinished() is not None:
        found.wrong.append("the note of the write is still there")
    for info in store.list():
        store.load(info.id)


def files(tree: Tree) -> Tree:
    """git, and so an undo, knows no empty folders."""
    return {path: entry for path, entry in tree.items() if entry[0] != "folder"}


def _plain(tree: Tree) -> Tree:
    return {path: entry for path, entry in tree.items() if not _OURS.search(path)}


def _either(aim: Aims, path: str) -> tuple[bytes, ...]:
    return tuple(tree[path][1] for tree in (aim.old, aim.new) if path in tree)


def _short(entry: Entry | None) -> str:
    return "not there" if entry is None else f"{entry[0]} {entry[1][:12]!r} {entry[2]:o}"
