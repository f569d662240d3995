"""Stage, unstage and discard against real git: the same index and the same files, entry by entry.

The rule kept here: what is expected is made by git itself, with a patch of the hunks that were
picked, on a copy; the rest of the index, flags and conflicts included, has to be as it was.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from spark_tui.edits.exact import exact
from spark_tui.edits.reshape import regrouped
from spark_tui.repo import scopes, staging
from spark_tui.repo.repository import Repository
from spark_tui.repo.scopes import Scope
from spark_tui.repo.worktree import Worktree
from spark_tui.session.changing import Act, FileChange, Pick, page_of, split
from spark_tui.session.discarding import discarded
from spark_tui.session.putting import change_to
from spark_tui.session.restaging import Plan, planned, taken_back
from spark_tui.session.versions import Kept, digest

_STAT = re.compile(r"^  (?!flags|size:).*\n|^  size: \d+\t", re.MULTILINE)
LINES = [
    b"alpha\n",
    b"beta\n",
    b"gamma\n",
    b"\n",
    b"}\n",
    b"delta\xff\n",
    b"caf\xc3\xa9\n",
    b"x\r\n",
]
NAMES = [
    "a.txt",
    "dir/b.txt",
    "-rf",
    "sp ace",
    "tab\there",
    ":(glob)c",
    "\udcffraw",
    'quote"d',
    "é/ü.py",
]


class Ground:
    """A repository, and git as the person types it."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.environ = dict(environ)
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        found = Repository.discover(root, environ=environ)
        assert found is not None
        self.repository = found
        self.worktree = Worktree(root)

    def git(self, *args: str, input: bytes | None = None, check: bool = True) -> bytes:
        command = ["git", "-c", "core.quotePath=false", *args]
        done = subprocess.run(
            command, cwd=self.root, input=input, capture_output=True, check=False,
            env={**self.environ, "GIT_LITERAL_PATHSPECS": "1"},
        )  # fmt: skip
        assert not check or done.returncode == 0, (args, done.stderr)
        return done.stdout

    def write(self, path: str, data: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def index(self) -> str:
        """All entries with flags and stages, without times and sizes."""
        said = self.git("ls-files", "-s", "-v", "--debug", "-z")
        return _STAT.sub("", said.decode("utf-8", "surrogateescape").replace("\0", "\n"))

    def tree(self) -> dict[str, tuple[bytes, bool]]:
        files = (p for p in self.root.rglob("*") if p.is_file() and ".git" not in p.parts)
        return {str(p.relative_to(self.root)): (p.read_bytes(), bool(p.stat().st_mode & 0o100))
                for p in files}  # fmt: skip

    def files(self, scope: Scope) -> tuple[FileChange, ...]:
        return page_of(scopes.look(self.repository, self.worktree, scope)).files

    def act(self, act: Act, picks: list[Pick]) -> Callable[[], None]:
        """The act without its journal, nothing refused; what takes it back."""
        if act == "discard":
            put, refused = discarded(self.repository, self.worktree, picks)
            assert not refused
            self._put(put.before, put.after)
            return lambda: self._put(put.after, put.before)
        plan = planned(self.repository, self.worktree, act, picks)
        assert not plan.refused
        self._exchange(plan)

        def back() -> None:
            left = {path: (staging.as_text(plan.before[path]), staging.as_text(entry))
                    for path, entry in plan.after.items()}  # fmt: skip
            self._exchange(taken_back(self.repository, left, lambda path: ()))

        return back

    def _put(self, before: Mapping[str, Kept], after: Mapping[str, Kept]) -> None:
        changes = [change_to(path, kept) for path, kept in after.items()]
        self.worktree.write_all(changes, expected={p: digest(k) for p, k in before.items()})

    def _exchange(self, plan: Plan) -> None:
        swap = {path: (plan.before[path], entry) for path, entry in plan.after.items()}
        staging.exchange(self.repository, swap)


def mutated(rng: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(lines) + 1)
        match rng.randrange(3):
            case 0:
                lines[at:at] = rng.choices(LINES, k=rng.randrange(1, 3))
            case 1:
                del lines[at : at + rng.randrange(1, 4)]
            case _:
                lines[at : at + 1] = [b"new %d\n" % rng.randrange(9)]
    made = b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines)
    return made.removesuffix(b"\n") if rng.random() < 0.2 else made


def grown(rng: random.Random) -> bytes:
    size = rng.choice([0, 1, 5, 30, 60])
    return b"".join(rng.choice(LINES) if rng.random() < 0.3 else b"line %d\n" % n
                    for n in range(size))  # fmt: skip


def mixed(rng: random.Random, ground: Ground) -> None:
    """Committed, staged, changed, deleted, executable, untracked: in any mix."""
    for name in (*NAMES, "kept"):
        ground.write(name, grown(rng))
    ground.git("add", "-A")
    ground.git("commit", "-qm", "First")
    for stage in (True, False):
        for name in rng.sample(NAMES, 5):
            place = ground.root / name
            match rng.randrange(6):
                case 0 if place.exists():
                    place.unlink()
                case 1 if place.exists():
                    place.chmod(place.stat().st_mode ^ 0o111)
                case _:
                    ground.write(name, mutated(rng, place.read_bytes() if place.exists() else b""))
        ground.write(f"new {stage}", grown(rng))
        if stage:
            ground.git("add", "-A")
    # Others' entries, which have to stay: a flag, a conflict, an announced file.
    ground.git("update-index", "--assume-unchanged", "--", "kept")
    oid = ground.git("rev-parse", "HEAD:kept").strip()
    stages = b"".join(b"100644 %s %d\tfought\n" % (oid, n) for n in (1, 2, 3))
    ground.git("update-index", "--index-info", input=stages)
    ground.write("announced", b"soon\n")
    ground.git("add", "-N", "announced")


def patch(file: FileChange, numbers: frozenset[int]) -> bytes:
    """These hunks as git would write them; the header is the title that is shown."""
    pair = file.pair
    assert pair is not None and pair.old is not None and pair.new is not None
    name = b'"a/%s"' % b"".join(b"\\%03o" % b for b in file.path.encode("utf-8", "surrogateescape"))
    to = b'"b/' + name[3:]
    out = [b"diff --git %s %s\n" % (name, to)]
    if any(h.kind == "mode" for h in file.hunks if h.number in numbers):
        out.append(b"old mode %s\nnew mode %s\n" % (pair.old.mode.encode(), pair.new.mode.encode()))
    groups = [h.group for h in file.hunks if h.number in numbers and h.group is not None]
    if groups:
        out.append(b"--- %s\n+++ %s\n" % (name, to))
    lines = exact(file.path, pair.old.data or b"").lines

    def say(sign: str, line: str) -> None:
        text = (sign + line).encode("utf-8", "surrogateescape")
        out.append(text if text.endswith(b"\n") else text + b"\n\\ No newline at end of file\n")

    # As `git add -p`: parts of a split that are wanted again join where they touch.
    joined = regrouped([edit for group in groups for edit in group.place.edits], kept=7)
    titles = {group.place.edits: group.title for group in groups}
    for edits in joined:
        start, end = max(0, edits[0].start - 3), min(len(lines), edits[-1].end + 3)
        more = sum(len(e.lines) - (e.end - e.start) for e in edits)
        first = start + (end > start)
        made = f"@@ -{first},{end - start} +{first},{end - start + more} @@"
        out.append(titles.get(edits, made).encode() + b"\n")
        at = start
        for edit in edits:
            for line in lines[at : edit.start]:
                say(" ", line)
            for line in lines[edit.start : edit.end]:
                say("-", line)
            for line in edit.lines:
                say("+", line)
            at = edit.end
        for line in lines[at:end]:
            say(" ", line)
    return b"".join(out)


def by_git(ground: Ground, act: Act, picks: list[Pick], copy: Path) -> tuple[str, object]:
    """Index and files after git did the same, on copies."""
    shutil.copytree(ground.root, copy, symlinks=True)
    other = Ground.__new__(Ground)
    other.root, other.environ = copy, ground.environ
    for pick in picks:
        path = pick.file.path
        whole = pick.is_whole or pick.file.hunks[0].kind == "whole"
        is_new = pick.file.pair is not None and pick.file.pair.old is None
        match act:
            case "stage" if whole:
                other.git("add", "-A", "--", path)
            case "stage":
                other.git(
                    "apply",
                    "--cached",
                    "--whitespace=nowarn",
                    "-",
                    input=patch(pick.file, pick.numbers),
                )
            case "unstage" if whole:
                other.git("reset", "-q", "--", path)
            case "unstage":
                other.git(
                    "apply",
                    "--cached",
                    "-R",
                    "--whitespace=nowarn",
                    "-",
                    input=patch(pick.file, pick.numbers),
                )
            case "discard" if whole and is_new:
                (copy / path).unlink()
            case "discard" if whole:
                other.git("checkout", "--", path)
            case "discard":
                other.git(
                    "apply", "-R", "--whitespace=nowarn", "-", input=patch(pick.file, pick.numbers)
                )
    return other.index(), other.tree()


def some(rng: random.Random, files: tuple[FileChange, ...], *, cut: bool) -> list[Pick]:
    picks: list[Pick] = []
    for file in files:
        if not file.hunks or file.held or rng.random() < 0.3:
            continue
        pair = file.pair
        sides = [v.data or b"" for v in (pair.old, pair.new) if v] if pair else []
        # git does not cut between a last line without a newline and what comes behind it.
        is_cut = cut and rng.random() < 0.5 and all(s.endswith(b"\n") for s in sides)
        for hunk in file.hunks if is_cut else ():
            file = split(file, hunk.number)
            if hunk.number > 20:
                break
        numbers = [h.number for h in file.hunks]
        chosen = frozenset(rng.sample(numbers, rng.randrange(1, len(numbers) + 1)))
        picks.append(Pick(file, chosen))
    return picks


def one_mix(seed: int, folder: Path, environ: Mapping[str, str]) -> int:
    rng = random.Random(seed)
    ground = Ground(folder / f"{seed}", environ)
    mixed(rng, ground)
    acts: list[tuple[Act, Scope]] = [
        ("stage", "worktree"),
        ("unstage", "staged"),
        ("discard", "worktree"),
    ]
    compared = 0
    for turn, (act, scope) in enumerate(rng.sample(acts, 2)):
        picks = some(rng, ground.files(scope), cut=act == "stage")
        if not picks:
            continue
        before, tree = ground.index(), ground.tree()
        wanted = by_git(ground, act, picks, folder / f"{seed}-{turn}")
        take_back = ground.act(act, picks)
        assert (ground.index(), ground.tree()) == wanted, (seed, act)
        compared += 1
        if rng.random() < 0.5:
            take_back()
            assert (ground.index(), ground.tree()) == (before, tree), (seed, act)
    shutil.rmtree(folder)
    folder.mkdir()
    return compared


@pytest.mark.parametrize("part", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_as_git_does(part: int, tmp_path: Path, environ: dict[str, str]) -> None:
    seeds = range(20) if part == 0 else range(20, 220)
    folder = tmp_path / "mixes"
    folder.mkdir()
    compared = sum(one_mix(seed, folder, environ) for seed in seeds)
    assert compared > len(seeds)
