"""Replies to files on disk in automatic mode, for scoring the edit layer against a corpus.

The rule kept here: everything in the reply is applied, or nothing is touched. Reading and writing
are as plain as can be: what is measured is what a reply is taken to mean.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spark_tui.edits.changeset import Changeset, Edit, Flag, Hunk, Kind, Placed, Quality
from spark_tui.edits.compose import compose
from spark_tui.edits.pieces import HunkPending, HunkPlaced, HunkUnplaced, NeedFile, Piece
from spark_tui.edits.reader import EditStream, PathKind
from spark_tui.edits.rebase import Already, Conflict, rebase
from spark_tui.edits.snapshot import Snapshot

FORMATS = {"adapter": ["v4a", "sr"]}
_SURE = 0.9


class DiskTree:
    """A folder as the reader asks for it; `seen` holds files as the model knew them."""

    def __init__(self, root: Path, seen: Mapping[str, bytes]) -> None:
        self._root = root
        self._seen = seen

    def kind(self, path: str) -> PathKind:
        here = self._root
        parts = path.split("/")
        for i, part in enumerate(parts):
            here = here / part
            try:
                mode = here.lstat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                return "missing"
            if stat.S_ISLNK(mode):
                return "link"
            if i + 1 == len(parts):
                if stat.S_ISREG(mode):
                    return "file"
                return "directory" if stat.S_ISDIR(mode) else "special"
            if stat.S_ISDIR(mode) and (here / ".git").exists():
                return "nested"
        return "missing"

    def snapshot(self, path: str) -> Snapshot | None:
        data = self._seen.get(path)
        return Snapshot.of(path, data) if data is not None else self.on_disk(path)

    def on_disk(self, path: str) -> Snapshot:
        file = self._root / path
        executable = file.stat().st_mode & stat.S_IXUSR
        return Snapshot.of(path, file.read_bytes(), 0o755 if executable else 0o644)

    def was_seen(self, path: str) -> bool:
        return True

    def similar(self, path: str) -> tuple[str, ...]:
        return ()


class _Trace:
    """What was announced, and after how many characters."""

    def __init__(self) -> None:
        self.at = 0
        self.rows: list[dict[str, object]] = []

    def note(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            match piece:
                case HunkPending(hunk, line):
                    self._row(hunk, line, "provisional")
                case HunkPlaced(hunk, _, place):
                    self._row(hunk, place.start, "located")
                case HunkUnplaced(hunk):
                    self._row(hunk, 0, "refused")
                case _:
                    pass

    def _row(self, hunk: int, line: int, state: str) -> None:
        self.rows.append({"at": self.at, "file": "", "hunk": hunk, "line": line, "state": state})


def adapter(
    base_dir: str, fmt: str, chunks: Iterator[str], ctx: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """Apply the reply to `base_dir`, or refuse."""
    root = Path(base_dir)
    tree = DiskTree(root, (ctx or {}).get("seen") or {})
    stream = EditStream(tree)
    trace = _Trace()
    for chunk in chunks:
        trace.at += len(chunk)
        pieces = stream.feed(chunk)
        trace.note(pieces)
        for piece in pieces:
            if isinstance(piece, NeedFile):
                trace.note(stream.provide(piece.path, tree.snapshot(piece.path)))
    trace.note(stream.close(complete=True))
    try:
        writes = _plan(stream.changeset, tree)
    except _Refused as refused:
        return {"applied": False, "message": str(refused), "trace": trace.rows}
    _write(root, writes)
    return {"applied": True, "message": "", "trace": trace.rows}


class _Refused(Exception):
    pass


def _plan(changeset: Changeset, tree: DiskTree) -> dict[str, tuple[bytes | None, int]]:
    """New bytes and mode by path; None removes the file."""
    if not changeset.complete:
        raise _Refused(f"incomplete: {'; '.join(changeset.issues)}")
    if not changeset.hunks:
        raise _Refused("no edit in the reply")
    by_path: dict[str, list[Hunk]] = {}
    about = [
        h for h in changeset.hunks if isinstance(h.place, Placed) and Flag.ABOUT in h.place.flags
    ]
    for hunk in changeset.hunks:
        if not isinstance(hunk.place, Placed):
            raise _Refused(
                f"hunk {hunk.number} {hunk.path}: {hunk.place.code}: {hunk.place.message}"
            )
        if hunk.place.quality is Quality.DRIFT and (len(about) > 1 or hunk.place.score < _SURE):
            raise _Refused(f"hunk {hunk.number} {hunk.path}: only about right")
        by_path.setdefault(hunk.path, []).append(hunk)
    writes: dict[str, tuple[bytes | None, int]] = {}
    for path, hunks in by_path.items():
        exists = tree.kind(path) == "file"
        target = next((h.move_to for h in hunks if h.kind is Kind.MOVE and h.move_to), path)
        if any(h.kind is Kind.DELETE for h in hunks):
            writes[path] = (None, 0)
            continue
        edits: list[Edit] = []
        for hunk in hunks:
            if isinstance(hunk.place, Placed):
                edits += hunk.place.edits
        if not exists:
            if any(h.base is not None for h in hunks):
                raise _Refused(f"{path} vanished")
            writes[target] = (compose(None, edits), 0o644)
            continue
        disk = tree.on_disk(path)
        base = tree.snapshot(path) or disk
        moved = rebase(edits, base, disk)
        if isinstance(moved, Conflict):
            raise _Refused(f"{path}: {moved.message}")
        data = disk.data if isinstance(moved, Already) else compose(disk, moved.edits)
        if target != path:
            writes[path] = (None, 0)
        writes[target] = (data, disk.mode)
    return writes


def _write(root: Path, writes: Mapping[str, tuple[bytes | None, int]]) -> None:
    for path, (data, mode) in writes.items():
        file = root / path
        if data is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(file, flags, mode), "wb") as out:
            out.write(data)
