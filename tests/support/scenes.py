"""A work tree right before a verb, and the verb: what processes that die are made of.

The rule kept here: a scene is laid out once and copied for every death, links and times included.
Its folder holds `work` (a git repository in which the person has staged, unstaged and untracked
work of their own), `state` and `tmp`. What must be true after a death is aftermath.py's business.
"""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_tui.repo.commits import CommitDone
from spark_tui.session.events import Decision
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.session.since import Moment
from spark_tui.settings.config import load
from tests.support.deaths import CASES as SMALL
from tests.support.deaths import Case

VERBS = ("apply", "accept", "undo", "commit", "undo-turn", "redo", "reject", "restore")
MESSAGE = "Change what was asked"


def _large() -> Case:
    """Six files that fill a small disk piece by piece, and do not compress away."""
    chance = random.Random(6)

    def text(name: str, line: str) -> bytes:
        rows = [f"{chance.getrandbits(256):064x}" for _ in range(300)]
        return "\n".join([f"{name} one", line, "three", *rows, ""]).encode()

    old = {f"f{n}.txt": (text(f"f{n}", "two"), 0o644) for n in range(5)}
    gone = {"gone.txt": (text("gone", "two"), 0o644)}
    fresh = text("fresh", "2").decode()
    reply = "*** Begin Patch\n"
    for name in old:
        reply += f"*** Update File: {name}\n@@\n {name[:2]} one\n-two\n+2\n three\n"
    reply += "*** Delete File: gone.txt\n*** Add File: in/fresh.txt\n"
    reply += "".join(f"+{line}\n" for line in fresh.splitlines()) + "*** End Patch\n"
    changed = {name: (kept[0].replace(b"\ntwo\n", b"\n2\n"), 0o644) for name, kept in old.items()}
    new = {**changed, "in": None, "in/fresh.txt": (fresh.encode(), 0o644)}
    return Case(reply, hunks=7, old={"here.txt": (b"not ours\n", 0o644), **old, **gone},
                new={"here.txt": (b"not ours\n", 0o644), **new})  # fmt: skip


CASES = {**SMALL, "large": _large()}

Entry = tuple[str, bytes, int]
"""Kind, bytes or target of a link, permission bits."""


@dataclass(frozen=True)
class Place:
    """A folder with a work tree, its state folder and a folder for temporary files, each in a
    part of its own, where another disk can be put."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work" / "tree"

    @property
    def state(self) -> Path:
        return self.folder / "state" / "spark-tui"

    @property
    def tmp(self) -> Path:
        return self.folder / "tmp" / "files"

    @property
    def environ(self) -> dict[str, str]:
        """Of every process of the scene: nothing points outside the folder."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TMPDIR": str(self.tmp),
            "GIT_CONFIG_NOSYSTEM": "1",
            "SPARK_TUI_STATE_DIR": str(self.state),
            "SPARK_TUI_CONFIG_DIR": str(self.folder / "config"),
        }

    def git(self, *words: str, check: bool = True) -> str:
        """git as the person types it; it leaves no trace of having looked."""
        done = subprocess.run(
            ["git", *words], cwd=self.work, capture_output=True, check=False,
            env={**self.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "surrogateescape")


def lay_out(place: Place, case: str) -> None:
    """The tree of the case as a repository, and on top what the person is busy with."""
    CASES[case].lay_out(place.work)
    for folder in (place.state, place.tmp, place.folder / "home"):
        folder.mkdir(parents=True, exist_ok=True)
    work = place.work
    (work / "way").symlink_to("here.txt")
    (work / "mine.txt").write_text("one\ntwo\n")
    place.git("init", "-q", "-b", "main", "--template=")
    place.git("config", "user.name", "Ada")
    place.git("config", "user.email", "ada@example.org")
    place.git("add", "-A")
    place.git("commit", "-q", "-m", "Start")
    (work / "mine.txt").write_text("one\nstaged\n")
    place.git("add", "mine.txt")
    (work / "mine.txt").write_text("one\nstaged\nand not\n")
    (work / "noted.txt").write_text("noted\n")
    place.git("add", "--intent-to-add", "noted.txt")
    (work / "loose.txt").write_text("untracked\n")


async def opened(place: Place, *, fresh: bool = False) -> Session:
    """As the app opens it, under the lock."""
    environ = dict(os.environ)
    return await open_session(
        place.work, load(environ=environ), environ=environ, fresh=fresh, lock_wait_s=10
    )


async def prepare(place: Place, verb: str, case: str) -> None:
    """Everything that comes before the verb."""
    session = await opened(place, fresh=True)
    await session.look()
    if verb != "apply":
        await session.apply_reply(CASES[case].reply, accept="none")
    if verb not in ("apply", "accept"):
        await session.decide(list(session.state.hunks), Decision.ACCEPTED)
    if verb == "redo":
        await session.undo()
    await session.close()


async def act(session: Session, verb: str, case: str) -> str:
    """The verb itself; "" when it was done, else what was said."""
    match verb:
        case "apply":
            await session.apply_reply(CASES[case].reply, accept="all")
            done = any(h.status == "accepted" for h in session.state.hunks.values())
            said = " ".join(n.message for n in session.state.notices[-1:])
        case "accept" | "reject":
            word = Decision.ACCEPTED if verb == "accept" else Decision.REJECTED
            decided = await session.decide(list(session.state.hunks), word)
            done = bool(decided.written or decided.rejected)
            said = f"{decided}"
        case "undo":
            acted = await session.undo()
            done, said = acted.done, acted.message
        case "undo-turn":
            acted = await session.undo_turn()
            done, said = acted.done, acted.message
        case "redo":
            acted = await session.redo()
            done, said = acted.done, acted.message
        case "restore":
            restored = await session.restoring.restore(Moment(after=0))
            done, said = restored.acted, restored.told
        case "commit":
            made = await session.commit(MESSAGE)
            done = isinstance(made, CommitDone)
            said = (
                "" if isinstance(made, CommitDone) else f"{made.message} {made.output} {made.hint}"
            )
        case _:
            raise ValueError(verb)
    return "" if done else said or "it was not done"


def look(root: Path, *, without: tuple[str, ...] = (".git",)) -> Mapping[str, Entry]:
    """Everything below the folder; a link is looked at, not followed, names of one file are one
    entry's bytes each and marked as shared."""
    found: dict[str, Entry] = {}
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if here == root:
            folders[:] = [f for f in folders if f not in without]
        for name in (*folders, *files):
            path = here / name
            seen = path.lstat()
            key = path.relative_to(root).as_posix()
            bits = stat.S_IMODE(seen.st_mode)
            if stat.S_ISLNK(seen.st_mode):
                found[key] = ("link", os.fsencode(path.readlink()), 0)
            elif stat.S_ISDIR(seen.st_mode):
                found[key] = ("folder", b"", bits)
            else:
                kind = "shared" if seen.st_nlink > 1 else "file"
                found[key] = (kind, path.read_bytes(), bits)
    return found


def copied(source: Path, target: Path) -> None:
    """The same again, hard links and times included."""
    if target.exists():
        shutil.rmtree(target)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
