"""What a message for the staged changes is drafted from: the log, the staged paths and their diff.

The rule kept here: only read, never run a driver, and everything is bounded. In a hook git names
its folder and index in the environment; they are taken when they are those of this work tree.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import RepositoryFault
from spark_tui.repo.repository import Repository
from spark_tui.repo.settling import text

_LOG_BYTES = 1 << 20
_DIFF_BYTES = 1 << 20
_MOST_PATHS = 300


@dataclass(frozen=True, slots=True)
class Staged:
    """One path that differs between HEAD and an index."""

    path: str
    change: str
    """add, update, delete, mode or link."""


def recent_messages(repo: Repository, limit: int = 80) -> tuple[str, ...]:
    """Whole messages of the latest commits, newest first; merges are left out."""
    said = repo.git.run(
        *("log", "-z", "--no-merges", "--format=%B", f"-n{limit}", "--no-show-signature", "--"),
        max_out=_LOG_BYTES,
    )
    if said.status != 0:
        return ()
    return tuple(m for m in said.out.decode("utf-8", "replace").split("\0") if m.strip())


def staged(repo: Repository, index: Path | None = None) -> tuple[Staged, ...]:
    """What a plain `git commit` would take, in git's order."""
    said = repo.git.run(
        *("diff", "--cached", "--no-renames", "--raw", "-z", "--no-ext-diff", "--abbrev=40"),
        index=index, timeout_s=120,
    )  # fmt: skip
    fields = os.fsdecode(said.out).split("\0")
    return tuple(
        Staged(path, _change(meta))
        for meta, path in zip(fields[::2], fields[1::2], strict=False)
        if meta.startswith(":")
    )


def staged_diff(repo: Repository, paths: Sequence[str], index: Path | None = None) -> str:
    """The staged changes of these paths as a diff, cut where it gets too long."""
    if not paths:
        return ""
    said = repo.git.run(
        *("diff", "--cached", "--no-ext-diff", "--no-textconv", "--no-color", "-U1"),
        *("--no-renames", "--src-prefix=a/", "--dst-prefix=b/", "--", *paths[:_MOST_PATHS]),
        index=index, max_out=_DIFF_BYTES, timeout_s=120,
    )  # fmt: skip
    return said.out.decode("utf-8", "replace")


def _change(meta: str) -> str:
    old, new, *_ = meta.removeprefix(":").split(" ")
    letter = meta.rsplit(" ", 1)[-1][:1]
    if letter in ("A", "D"):
        return {"A": "add", "D": "delete"}[letter]
    return "mode" if old != new and {old, new} == {"100644", "100755"} else "update"


# -- inside a hook -----------------------------------------------------------------
def in_hook(where: Path, environ: Mapping[str, str]) -> tuple[Repository, Path | None]:
    """The repository of `where`, and the index that git committed from when it ran the hook.

    Raises RepositoryFault when the environment speaks of another repository.
    """
    repo = Repository.discover(where, environ=environ)
    if repo is None:
        raise RepositoryFault("There is no git repository here.")
    for name, own in (("GIT_DIR", repo.git_dir), ("GIT_WORK_TREE", repo.root)):
        said = environ.get(name)
        if said and not _same(where / said, own):
            raise RepositoryFault(f"{name} names another repository: {said}.")
    said = environ.get("GIT_INDEX_FILE")
    if not said:
        return repo, None
    index = where / said
    if not index.is_file() or not index.resolve().is_relative_to(repo.git_dir.resolve()):
        raise RepositoryFault(f"GIT_INDEX_FILE names an index of elsewhere: {said}.")
    return repo, index.resolve()


def _same(path: Path, own: Path) -> bool:
    try:
        return path.samefile(own)
    except OSError:
        return False


def comment_sign(repo: Repository) -> str:
    """With what git's own lines in a message begin."""
    said = text(repo.git.run("config", "core.commentChar", as_user=True).out)
    return said if len(said) == 1 else "#"


def template_of(repo: Repository) -> str:
    """The text of the user's commit template, "" where there is none."""
    said = repo.git.run("config", "--type=path", "commit.template", as_user=True).out
    name = os.fsdecode(said.removesuffix(b"\n"))
    if not name:
        return ""
    try:
        return (repo.root / name).read_bytes()[:65536].decode("utf-8", "replace")
    except OSError:
        return ""
