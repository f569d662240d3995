"""Whether the last commit may be replaced by another one.

The rule kept here: what others may have (a remote-tracking branch holds it) or what somebody else
wrote is replaced only when the person insists; a merge is never.
"""

from __future__ import annotations

import os
from typing import Literal

from spark_tui.repo.repository import Repository

No = tuple[Literal["amend", "pushed", "foreign"], str, str]
"""A code, why not, and what to do."""


def not_to_amend(repo: Repository, ours: frozenset[str], *, anyway: bool) -> No | None:
    """Why the last commit is not to be amended; None: it may be."""
    said = repo.git.run("log", "-n1", "--format=%H%n%P%n%ae%n%an", "HEAD", "--")
    if said.status != 0:
        return "amend", "There is no commit yet that could be amended.", "Commit without --amend."
    commit, parents, email, name = said.out.decode("utf-8", "replace").split("\n")[:4]
    if len(parents.split()) > 1:
        return "amend", "The last commit is a merge: it is not amended here.", "git commit --amend"
    if anyway:
        return None
    if holders := remotes_with(repo, commit):
        where = ", ".join(holders[:3])
        more = f" and {len(holders) - 3} more" if len(holders) > 3 else ""
        return (
            "pushed",
            f"The last commit is pushed: {where}{more} has it.",
            "Make a new commit. Who pulled it would have to sort out two versions.",
        )
    if commit not in ours and email.strip() != _own_email(repo):
        return (
            "foreign",
            f"The last commit is not yours: {name} wrote it.",
            "Make a new commit.",
        )
    return None


def remotes_with(repo: Repository, commit: str) -> tuple[str, ...]:
    """Remote-tracking branches that hold a commit."""
    said = repo.git.run(
        *("for-each-ref", f"--contains={commit}", "--format=%(refname)", "refs/remotes"),
        timeout_s=120,
    )
    names = os.fsdecode(said.out).split("\n")
    return tuple(n.removeprefix("refs/remotes/") for n in names if n and not n.endswith("/HEAD"))


def _own_email(repo: Repository) -> str:
    said = repo.git.run("var", "GIT_COMMITTER_IDENT", as_user=True).out.decode("utf-8", "replace")
    return said.rpartition(">")[0].rpartition("<")[2].strip()
