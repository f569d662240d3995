"""Which commit last touched a line of the last commit's version of a file.

The rule kept here: it is a word more for a person, never a fault: where git does not know, or takes
too long, there is no answer. Nothing of the work tree is read, so no filter of it can run.
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_tui.errors import GitFault
from spark_tui.repo.repository import Repository

_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Blamed:
    """The commit."""

    commit: str
    subject: str
    author: str
    at: float
    """Seconds since the epoch."""
    is_boundary: bool = False
    """History ends here (a shallow clone): it may be older."""


def blame(repository: Repository, path: str, line: int) -> Blamed | None:
    """Of this line (from 1) of HEAD's version; None where nobody can say."""
    span = f"-L{line},{line}"
    try:
        said = repository.git.run(
            *("blame", "--porcelain", "--no-textconv", span, "HEAD", "--", path),
            timeout_s=_LIMIT_S,
        )
    except GitFault:
        return None
    if said.status != 0:
        return None
    first, *rest = said.out.decode("utf-8", "replace").split("\n")
    fields = {}
    for row in rest:
        if row.startswith("\t"):
            break
        name, _, value = row.partition(" ")
        fields[name] = value
    moment = fields.get("author-time", "0")
    return Blamed(
        first.partition(" ")[0],
        fields.get("summary", ""),
        fields.get("author", ""),
        float(moment) if moment.isdecimal() else 0.0,
        "boundary" in fields and _is_shallow(repository),
    )


def _is_shallow(repository: Repository) -> bool:
    """Else the end of history is its beginning."""
    try:
        said = repository.git.run("rev-parse", "--is-shallow-repository")
    except GitFault:
        return False
    return said.out.strip() == b"true"
