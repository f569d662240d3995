"""A commit of reviewed content, by a private index; everything else stays the user's.

    prepare    a private index from HEAD with the reviewed bytes of each path (preparing.py)
    carry_out  the user's own `git commit`, with hooks and signing (carrying.py)
    settle     in the user's index only the entries which the commit made out of date (settling.py)
    found      what became of a commit whose process was killed (carrying.py)

The rule kept here: unrelated staged, unstaged and untracked work is as it was, whether the
commit succeeds or is refused. What the message should say is somebody else's business.
"""

from __future__ import annotations

from spark_tui.repo.carrying import Found, carry_out, found, message_of, signs
from spark_tui.repo.commit_values import (
    CommitDone,
    CommitRefused,
    CommitRequest,
    Identity,
    Prepared,
)
from spark_tui.repo.preparing import prepare
from spark_tui.repo.repository import Repository
from spark_tui.repo.settling import changed, combine, empty_tree, settle
from spark_tui.repo.terminal import Terminal

__all__ = [
    "CommitDone", "CommitRefused", "CommitRequest", "Found", "Identity", "Prepared", "carry_out",
    "changed", "combine", "commit", "empty_tree", "found", "message_of", "prepare", "settle",
    "signs",
]  # fmt: skip


def commit(
    repo: Repository,
    request: CommitRequest,
    *,
    timeout_s: float = 600,
    terminal: Terminal | None = None,
) -> CommitDone | CommitRefused:
    """Commit exactly `request.files` on top of HEAD."""
    prepared = prepare(repo, request)
    if isinstance(prepared, CommitRefused):
        return prepared
    try:
        return carry_out(repo, prepared, timeout_s=timeout_s, terminal=terminal)
    finally:
        prepared.close()
