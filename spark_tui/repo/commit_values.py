"""What a commit is asked for, and what comes of it: the values of commits.py.

The rule kept here: a refusal is a value that says what to do, and holds what git and hooks said.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from spark_tui.repo.hooks import Finding

Code = Literal[
    "operation", "unmerged", "message", "nothing", "identity", "hook", "signing", "git", "stopped",
    "conflict", "no_git", "index_locked", "running", "amend", "pushed", "foreign",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """Who commits, where git does not know it: for one commit, never written down."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What the commit shall hold."""

    files: Mapping[str, tuple[bytes, int] | None]
    """Path → all bytes and mode it shall have in the commit; None: deleted."""
    message: str
    trailer: str | None = None
    """One line, `Assisted-by: spark-tui:MODEL`."""
    is_staged: bool = False
    """The user's own index as it is, instead of `files`."""
    amend: bool = False
    """In the place of the last commit, whose author it keeps."""
    anyway: bool = False
    """Amend what is pushed, or somebody else's, too: the person said it twice."""
    ours: frozenset[str] = frozenset()
    """Commits that this program made: whose they are is not asked."""
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class CommitDone:
    """The commit exists."""

    commit: str
    subject: str
    note: str = ""
    """What the person should know: staged work kept, files a hook added."""
    output: str = ""
    """What git and the hooks said."""
    changed: tuple[str, ...] = ()
    """Files that hooks changed, in the work tree or in the commit."""
    hooks: tuple[str, ...] = ()
    """Those that ran."""
    is_late: bool = False
    """The user's index was locked, and has yet to follow."""


@dataclass(frozen=True, slots=True)
class CommitRefused:
    """There is no commit, and nothing changed."""

    code: Code
    message: str
    output: str = ""
    hint: str = ""
    findings: tuple[Finding, ...] = ()
    """Places that hooks complain about."""
    changed: tuple[str, ...] = ()
    """Files that hooks changed in the work tree."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit that only has to be made. `close` it, whatever became of it."""

    folder: Path
    index: Path | None
    """Of our own; None: the user's."""
    message: str
    head: str | None
    base: str
    """The tree or commit that it is compared with."""
    tree: str
    paths: frozenset[str]
    amends: str = ""
    identity: Identity | None = None
    lock: int | None = field(default=None, repr=False)
    """Held by git, and by what it starts, also when this process is no more."""

    def close(self) -> None:
        if self.lock is not None:
            os.close(self.lock)
        shutil.rmtree(self.folder, ignore_errors=True)
