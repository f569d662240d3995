"""A repository in some state, what a person did in it, and what must not change.

The rule kept here: `kept` is everything that belongs to the person and is not asked about: index,
refs, stash, configuration, hooks, and each file of the tree with its permissions and times of
nothing. Two of them are compared byte by byte.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spark_tui.session.events import Decision, HunkId
from spark_tui.session.session import Session
from spark_tui.session.state import Status
from tests.support.bench import Bench
from tests.support.shell import Shell

Run = Callable[[Awaitable[None]], None]
TEXT = "one\ntwo\nthree\nfour\nfive\n"
NEW = TEXT.replace("three", "THREE")


def edit(path: str, old: str = "three", new: str = "THREE") -> str:
    """A reply that changes one line."""
    return f"*** Begin Patch\n*** Update File: {path}\n@@\n-{old}\n+{new}\n*** End Patch\n"


def add(path: str, *lines: str) -> str:
    body = "".join(f"+{line}\n" for line in lines)
    return f"*** Begin Patch\n*** Add File: {path}\n{body}*** End Patch\n"


def delete(path: str) -> str:
    return f"*** Begin Patch\n*** Delete File: {path}\n*** End Patch\n"


def move(path: str, to: str) -> str:
    return (
        f"*** Begin Patch\n*** Update File: {path}\n*** Move to: {to}\n@@\n-three\n+THREE\n"
        "*** End Patch\n"
    )


@dataclass
class Place(Bench):
    """A work tree, wherever its git directory is."""

    said: list[str] = field(default_factory=list)

    @property
    def git_dir(self) -> Path:
        return Path(self.git("rev-parse", "--absolute-git-dir").strip())

    @property
    def shell(self) -> Shell:
        return Shell(self.root, self.environ)

    def tries(self, *args: str) -> int:
        """A command of git's that may fail."""
        done = subprocess.run(
            ["git", *args], cwd=self.root, capture_output=True, check=False, env=self.environ
        )
        return done.returncode

    def feed(self, *args: str, text: str) -> None:
        """A command of git's that reads."""
        subprocess.run(
            ["git", *args], cwd=self.root, input=text.encode(), capture_output=True, check=True,
            env=self.environ,
        )  # fmt: skip

    def index(self) -> bytes:
        """Byte for byte."""
        file = self.git_dir / "index"
        return file.read_bytes() if file.exists() else b""

    def kept(self) -> dict[str, object]:
        """All that an apply and its undo must leave as it is."""
        git_dir = self.git_dir
        found: dict[str, object] = {}
        for file in sorted(git_dir.rglob("*")):
            if file.is_file() and "objects" not in file.parts:
                found[f".git/{file.relative_to(git_dir)}"] = file.read_bytes()
        found["objects"] = sorted(p.name for p in (git_dir / "objects").rglob("*"))
        return found | self.tree()

    def tree(self) -> dict[str, object]:
        """Each path of the work tree: its kind, permissions and bytes."""
        found: dict[str, object] = {}
        for folder, names, files in os.walk(self.root):
            names[:] = [n for n in names if n != ".git"]
            for path in (Path(folder) / name for name in (*names, *files)):
                seen = path.lstat()
                what: object = None
                if stat.S_ISREG(seen.st_mode):
                    what = path.read_bytes()
                elif stat.S_ISLNK(seen.st_mode):
                    what = path.readlink()
                found[str(path.relative_to(self.root))] = (stat.filemode(seen.st_mode), what)
        return found


async def offered(place: Place, reply: str) -> Session:
    """A session with the hunks of this reply, undecided."""
    session, _ = await place.open()
    await session.apply_reply(reply, accept="none")
    place.said.clear()
    session.listen(lambda event: place.said.append(getattr(event, "message", "")))
    return session


async def accept(session: Session, hunks: Sequence[HunkId] = ()) -> dict[str, Status]:
    """A yes to each of them; how they stand then."""
    wanted = list(hunks or session.state.hunks)
    decided = await session.decide(wanted, Decision.ACCEPTED)
    for hid, _ in decided.refused:  # what wants a yes of its own
        await session.decide([hid], Decision.ACCEPTED)
    return {h.id: h.status for h in session.state.hunks.values()}


async def there_and_back(place: Place, reply: str) -> dict[str, object]:
    """Accept everything, look, take the turn back; the tree in between. Nothing of the person's
    changes: not by the way back, and in git not at all."""
    before, index = place.kept(), place.index()
    session = await offered(place, reply)
    stands = await accept(session)
    assert set(stands.values()) == {Status.ACCEPTED}, [
        (h.status, h.message, h.why) for h in session.state.hunks.values()
    ]
    between = place.tree()
    assert place.index() == index
    assert (await session.undo_turn()).done
    await session.close()
    after = place.kept()
    assert after == before, {k for k in {**before, **after} if before.get(k) != after.get(k)}
    return between


def copied(template: Path, place: Path) -> Path:
    """A repository that was built once."""
    shutil.copytree(template, place, symlinks=True)
    return place
