"""Taking a commit back: off its branch, where nothing but the branch holds it, else by a commit
that takes it out again.

    look        may it be dropped, and if not, why, and would a commit against it do
    drop        the branch goes to the commit before, if it still is where it was looked at
    bring_back  the other way round, where HEAD still is at the commit before it
    reverted    what the newest commit's files are without it

The rule kept here: a branch moves only by compare-and-swap, with a line in its reflog; in the index
only entries that the commit had made change; no file of the work tree is touched. Who made the
commit, and what becomes of its files, is session/undoing.py's business.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from spark_tui.errors import GitFault
from spark_tui.repo.commits import changed, combine, empty_tree, settle
from spark_tui.repo.repository import Entry, Repository
from spark_tui.repo.settling import wait_for_index

_LOCK_WAIT_S = 3.0
_LOCK_STEP_S = 0.05

Code = Literal[
    "unknown", "merge", "operation", "unmerged", "not_here", "elsewhere", "pushed", "tag",
    "branch", "worktree", "first", "moved", "locked", "foreign", "conflict",
    "nothing",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest commit, on nothing but the branch that HEAD is on."""

    commit: str
    parent: str | None
    """None: it is the first one."""
    ref: str
    """refs/heads/main; HEAD when it is detached."""
    subject: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The commit stays where it is."""

    code: Code
    message: str
    """Why, as a part of a sentence: "it is on origin/main"."""
    can_revert: bool = False
    """A commit against it would do."""


def look(repo: Repository, commit: str) -> Tip | Kept:
    """What can be done about this commit, given by its full name."""
    parents = _parents(repo, commit)
    if parents is None:
        return Kept("unknown", "this repository no longer has it")
    if len(parents) > 1:
        return Kept("merge", "it is a merge")
    if (waiting := _not_now(repo)) is not None:
        return waiting
    if repo.git.run("merge-base", "--is-ancestor", commit, "HEAD").status != 0:
        return Kept("not_here", "this branch does not hold it")
    head = repo.head()
    if head.commit != commit:
        return Kept("elsewhere", "it is not the newest commit here", can_revert=True)
    ref = f"refs/heads/{head.branch}" if head.branch is not None else "HEAD"
    held = _held_elsewhere(repo, commit, ref)
    if held is not None:
        return held
    if not parents and head.detached:
        return Kept("first", "it is the first commit and HEAD is on no branch", can_revert=True)
    return Tip(commit, parents[0] if parents else None, ref, _subject(repo, commit))


def drop(repo: Repository, tip: Tip, *, index: bool = True) -> str | Kept:
    """Take the commit off its branch; the files stay as they are, and the `index` too where it is
    not to follow. Returns what the person should know of it, often "". Nothing has changed when
    the commit is kept."""
    if held := wait_for_index(repo):
        return Kept("locked", _lower(held))
    now = look(repo, tip.commit)
    if now != tip:
        return now if isinstance(now, Kept) else Kept("moved", "HEAD moved meanwhile")
    why = f"spark-tui: drop {tip.commit[:9]}: {tip.subject}"
    failed = _move(repo, tip.ref, tip.parent, tip.commit, why)
    return failed or (settle_dropped(repo, tip.commit) if index else "")


def settle_dropped(repo: Repository, commit: str) -> str:
    """The index after a drop: entries which were the commit's become those before it, the
    person's own stay. A second time it finds nothing to do."""
    parents = _parents(repo, commit) or ()
    return _settle(repo, commit, parents[0] if parents else empty_tree(repo))


def may_return(repo: Repository, commit: str) -> str | Kept:
    """Whether `bring_back` would do it: then where HEAD is, "" before the first commit."""
    parents = _parents(repo, commit)
    if parents is None:
        return Kept("unknown", "git has thrown it away")
    if (waiting := _not_now(repo)) is not None:
        return waiting
    head = repo.head()
    parent = parents[0] if parents else None
    if head.commit != parent or (parent is None and head.branch is None):
        return Kept("elsewhere", "HEAD is no longer where it was")
    return parent or ""


def bring_back(repo: Repository, commit: str) -> str | Kept:
    """A dropped commit on its branch again, where HEAD still is at the commit before it."""
    if held := wait_for_index(repo):
        return Kept("locked", _lower(held))
    parent = may_return(repo, commit)
    if isinstance(parent, Kept):
        return parent
    head = repo.head()
    ref = f"refs/heads/{head.branch}" if head.branch is not None else "HEAD"
    why = f"spark-tui: bring back {commit[:9]}: {_subject(repo, commit)}"
    failed = _move(repo, ref, commit, parent or None, why)
    return failed or settle_back(repo, commit)


def settle_back(repo: Repository, commit: str) -> str:
    """The index after a commit came back. A second time it finds nothing to do."""
    parents = _parents(repo, commit) or ()
    return _settle(repo, parents[0] if parents else empty_tree(repo), commit)


def reverted(repo: Repository, commit: str) -> Mapping[str, tuple[bytes, int] | None] | Kept:
    """The files of HEAD that the commit changed, without its change; later commits stay."""
    parents = _parents(repo, commit)
    if parents is None:
        return Kept("unknown", "this repository no longer has it")
    before, after = changed(repo, parents[0] if parents else empty_tree(repo), commit)
    paths = sorted(before.keys() | after.keys())
    head = repo.tree(paths)
    stuck: list[str] = []
    wanted: dict[str, Entry | None] = {}
    for path in paths:
        old, own, new = after.get(path), head.get(path), before.get(path)
        if own == new:
            continue
        if own != old:
            new = combine(repo, old, own, new)
        if (new is None and own != old) or (new is not None and not new.mode.startswith("100")):
            stuck.append(path)
        else:
            wanted[path] = new
    if stuck:
        names = ", ".join(stuck)
        return Kept("conflict", f"later commits changed the same lines of {names}")
    if not wanted:
        return Kept("nothing", "nothing of it is left")
    return {
        path: (_blob(repo, entry), _bits(entry)) if entry else None
        for path, entry in wanted.items()
    }


def revert_message(repo: Repository, commit: str) -> str:
    """As git words it."""
    return f'Revert "{_subject(repo, commit)}"\n\nThis reverts commit {commit}.'


def revert_made(repo: Repository, commit: str, head: str) -> str:
    """The commit that came next after `head`, if it says of itself that it reverts `commit`; ""."""
    said = repo.git.run("rev-list", "--first-parent", "HEAD", f"^{head}", "--")
    made = said.out.decode("ascii").split()
    if said.status != 0 or not made:
        return ""
    words = repo.git.run("log", "-n1", "--format=%B", made[-1], "--").out
    return made[-1] if f"This reverts commit {commit}.".encode("ascii") in words else ""


def parent_of(repo: Repository, commit: str) -> str | None:
    """None where it is the first one, or gone."""
    parents = _parents(repo, commit)
    return parents[0] if parents else None


def holds(repo: Repository, commit: str) -> bool:
    """Whether HEAD's history has the commit."""
    return repo.git.run("merge-base", "--is-ancestor", commit, "HEAD").status == 0


def _parents(repo: Repository, commit: str) -> tuple[str, ...] | None:
    said = repo.git.run("rev-list", "--parents", "-n1", f"{commit}^{{commit}}", "--")
    if said.status != 0:
        return None
    return tuple(said.out.decode("ascii").split()[1:])


def _not_now(repo: Repository) -> Kept | None:
    operation = repo.operation()
    if operation is not None:
        return Kept("operation", f"a {operation} is in progress")
    if repo.unmerged():
        return Kept("unmerged", "the index holds unresolved conflicts")
    return None


def _held_elsewhere(repo: Repository, commit: str, ref: str) -> Kept | None:
    """By a branch, tag or work tree beside the branch that HEAD is on."""
    said = repo.git.run(
        *("for-each-ref", f"--contains={commit}", "--format=%(refname)%00%(symref)"),
        *("refs/remotes", "refs/tags", "refs/heads"),
        timeout_s=120,
    )
    if said.status != 0:
        raise GitFault("git failed.", hint=said.err.decode("utf-8", "replace").strip())
    rows = [os.fsdecode(line).partition("\0") for line in said.out.split(b"\n") if line]
    names = [name for name, _, target in rows if ref not in (name, target)]
    for space, code, words in _SPACES:
        found = [n.removeprefix(space) for n in names if n.startswith(space)]
        if found:
            return Kept(code, words.format(found[0]), can_revert=True)
    for folder, head in _detached(repo):
        if repo.git.run("merge-base", "--is-ancestor", commit, head).status == 0:
            return Kept("worktree", f"the work tree {folder} is at it too", can_revert=True)
    return None


_SPACES: tuple[tuple[str, Code, str], ...] = (
    ("refs/remotes/", "pushed", "it is on {}"),
    ("refs/tags/", "tag", "the tag {} holds it"),
    ("refs/heads/", "branch", "the branch {} holds it too"),
)


def _detached(repo: Repository) -> list[tuple[str, str]]:
    """Other work trees that are on no branch: where, and at which commit."""
    said = repo.git.run("worktree", "list", "--porcelain")
    found: list[tuple[str, str]] = []
    for block in os.fsdecode(said.out).split("\n\n"):
        rows = dict(line.partition(" ")[::2] for line in block.splitlines())
        where = rows.get("worktree", "")
        if "detached" in rows and "HEAD" in rows and os.path.realpath(where) != str(repo.root):
            found.append((where, rows["HEAD"]))
    return found


def _move(repo: Repository, ref: str, new: str | None, old: str | None, why: str) -> Kept | None:
    """Compare and swap; None for a branch that is not there. Another git may hold it a moment."""
    nothing = "0" * repo.oid_length
    words = ["-d", ref, old or nothing] if new is None else [ref, new, old or nothing]
    if ref == "HEAD":
        words.insert(0, "--no-deref")
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        said = repo.git.run("update-ref", "-m", why, *words)
        if said.status == 0:
            return None
        if repo.tip() != old:
            return Kept("moved", "HEAD moved meanwhile")
        if b"lock" not in said.err or time.monotonic() > deadline:
            words_of_git = said.err.decode("utf-8", "replace").strip()
            return Kept("locked", f"git could not move the branch: {words_of_git}")
        time.sleep(_LOCK_STEP_S)


def _lower(sentence: str) -> str:
    """A sentence as a part of another."""
    return sentence[:1].lower() + sentence[1:].removesuffix(".")


def _settle(repo: Repository, base: str, made: str) -> str:
    before, after = changed(repo, base, made)
    return settle(repo, base, made, frozenset(before.keys() | after.keys()))


def _subject(repo: Repository, commit: str) -> str:
    said = repo.git.run("log", "-n1", "--format=%s", commit, "--")
    return said.out.decode("utf-8", "replace").strip()


def _blob(repo: Repository, entry: Entry) -> bytes:
    said = repo.git.run("cat-file", "blob", entry.oid)
    if said.status != 0:
        raise GitFault("git failed.", hint=said.err.decode("utf-8", "replace").strip())
    return said.out


def _bits(entry: Entry) -> int:
    return 0o755 if entry.mode == "100755" else 0o644
