"""Files that no hunk may touch now: in the middle of a merge, or in a submodule.

The rule kept here: git is asked only where there may be something to hear, for this comes before
each write. What a hunk makes of a file is merging.py's business, the write itself writes.py's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from spark_tui.repo.repository import Repository


def barred(
    repository: Repository,
    paths: Iterable[str],
    files: Sequence[str],
    marks: Mapping[str, str],
) -> dict[str, str]:
    """Which of these paths have to wait, and why. `files` (sorted) and `marks` are as git said
    last. Blocking."""
    name = repository.operation() or ""
    is_known = any("U" in mark or mark in ("AA", "DD") for mark in marks.values())
    held = repository.conflicts() if name or is_known else frozenset[str]()
    of = f" of the {name} under way" if name else ""
    why: dict[str, str] = {}
    for path in paths:
        if path in held:
            why[path] = f"{path} has conflicts{of}: resolve them, then git add -- {path}"
        elif folder := _above(path, files):
            why[path] = f"{folder} is a submodule, a repository of its own: open it by itself"
    return why


def _above(path: str, files: Sequence[str]) -> str:
    """The folder on the way to this path that git has an entry for: a submodule, though nothing
    of it may be there; "" when there is none."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        folder = "/".join(parts[:depth])
        at = bisect_left(files, folder)
        if at < len(files) and files[at] == folder:
            return folder
    return ""
