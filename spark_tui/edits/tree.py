"""What is asked about the work tree while a reply arrives, and which file a path of it means.

The rule kept here: a path is completed only where one file alone can be meant and the model was
shown it; anything else that does not fit is refused with its reason. Nothing is read here.
"""

from __future__ import annotations

from typing import Literal, Protocol

from spark_tui.edits.changeset import Unplaced
from spark_tui.edits.names import Refusal, check_path
from spark_tui.edits.snapshot import Snapshot

PathKind = Literal["file", "missing", "directory", "link", "special", "nested", "outside"]

_NOT_A_FILE: dict[PathKind, str] = {
    "directory": "is a directory",
    "link": "is a symbolic link or lies behind one",
    "special": "is not a regular file",
    "nested": "is inside another repository",
    "outside": "leaves the work tree",
}


class Tree(Protocol):
    """What the reader asks about the work tree."""

    def kind(self, path: str) -> PathKind:
        """What is there, no link followed."""
        ...

    def snapshot(self, path: str) -> Snapshot | None:
        """The file as the model knows it; None if it was not read yet."""
        ...

    def was_seen(self, path: str) -> bool:
        """Whether the model was shown this file."""
        ...

    def similar(self, path: str) -> tuple[str, ...]:
        """Up to three paths with the same base name."""
        ...

    def ending(self, path: str) -> tuple[str, ...]:
        """Paths that end with `/path`; two of them are enough to tell."""
        ...

    def new_eol(self, path: str) -> str:
        r"""With which lines of a new file there end: "\n" or "\r\n"."""
        ...

    @property
    def root(self) -> str:
        """The absolute path of the work tree; "" if it has none."""
        ...


def is_file(tree: Tree, raw: str) -> bool:
    """Whether a path as written names a file that is there."""
    path = resolved(tree, raw)
    return isinstance(path, str) and tree.kind(path) == "file"


def resolved(tree: Tree, raw: str, *, is_new: bool = False) -> str | Refusal:
    """The checked path; a leading a/ or b/ goes if the rest of it exists and no such folder. A new
    file may well be the first in it."""
    path = check_path(raw, tree.root)
    if isinstance(path, Refusal) or is_new or path[:2] not in ("a/", "b/"):
        return path
    if tree.kind(path[0]) == "missing":
        rest = check_path(path[2:])
        if isinstance(rest, str) and tree.kind(rest) != "missing":
            return rest
    return path


def completed(tree: Tree, path: str) -> str:
    """The path with the folders that the reply left out, or as it is."""
    if tree.kind(path) != "missing":
        return path
    found = tree.ending(path)
    return found[0] if len(found) == 1 and tree.was_seen(found[0]) else path


def misses_folders(tree: Tree, raw: str, path: str) -> bool:
    """Whether a new file is likely one of those that are there, its folders left out. Who means a
    file at the top says ./name."""
    return not raw.lstrip("`'\" ").startswith("./") and bool(tree.ending(path))


def no_file_at(tree: Tree, path: str) -> Unplaced:
    """There is no such file; which ones may have been meant."""
    similar = tree.similar(path)
    meant = f"; did you mean {', '.join(similar)}?" if similar else ""
    return Unplaced("no_file", f"{path} does not exist{meant}")


def not_a_file(path: str, kind: PathKind) -> Unplaced | None:
    """Why what is at the path can never be edited; None if it can, or is missing."""
    what = _NOT_A_FILE.get(kind)
    return Unplaced("path", f"{path!r} {what}") if what else None


class NewFiles:
    """The files that a reply makes: none of them can be a folder of another one."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._folders: set[str] = set()
        self._targets: set[str] = set()

    def claim(self, path: str) -> None:
        """The reply moves a file there."""
        self._targets.add(path)

    def add(self, path: str) -> None:
        """The reply makes this file."""
        self._paths.add(path)
        self._folders.update(_above(path))

    def refuses(self, path: str) -> Unplaced | None:
        """Why no file can be made at the path."""
        if path in self._targets:
            return Unplaced("overlap", f"another file is moved to {path!r}")
        other = next((p for p in _above(path) if p in self._paths), "")
        if other or path in self._folders:
            why = f"below {other!r}, which is new" if other else "above another new file"
            return Unplaced("path", f"{path!r} would lie {why}")
        return None


def _above(path: str) -> list[str]:
    """The folders of a path.

    >>> _above("a/b/c")
    ['a/b', 'a']
    """
    found: list[str] = []
    while path := path.rpartition("/")[0]:
        found.append(path)
    return found
