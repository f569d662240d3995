"""Replies to files on disk in automatic mode, for scoring the edit layer against a corpus.

The rule kept here: everything in the reply is applied, or nothing is touched. Reading, merging and
writing are the product's own; left out are the journal, the checkpoint and the yes that files
which run later want: what is measured is what a reply is taken to mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spark_tui.edits.changeset import Changeset, Flag, Hunk, Kind, Placed
from spark_tui.edits.pieces import HunkPending, HunkPlaced, HunkUnplaced, NeedFile, Piece
from spark_tui.edits.reader import EditStream, PathKind
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault
from spark_tui.repo.worktree import Change, Worktree
from spark_tui.session import policy
from spark_tui.session.events import HunkId
from spark_tui.session.merging import merge_in
from spark_tui.session.state import HunkState, Status

FORMATS = {"adapter": ["v4a", "sr", "udiff", "whole"]}


class DiskTree:
    """A folder as the reader asks for it; `seen` holds files as the model knew them."""

    def __init__(self, worktree: Worktree, seen: Mapping[str, bytes]) -> None:
        self._worktree = worktree
        self._seen = seen

    def kind(self, path: str) -> PathKind:
        return self._worktree.kind(path)

    def snapshot(self, path: str) -> Snapshot | None:
        disk = self._worktree.read(path)
        data = self._seen.get(path)
        if data is None or disk is None:
            return disk
        return Snapshot.of(path, data, disk.mode)

    def was_seen(self, path: str) -> bool:
        return True

    def similar(self, path: str) -> tuple[str, ...]:
        return ()

    def ending(self, path: str) -> tuple[str, ...]:
        root = self._worktree.root
        found = (p.relative_to(root).as_posix() for p in root.rglob(path.rpartition("/")[2]))
        return tuple(p for p in found if p.endswith(f"/{path}") and not p.startswith(".git/"))

    def new_eol(self, path: str) -> str:
        return self._worktree.new_eol(path)

    @property
    def root(self) -> str:
        return str(self._worktree.root)


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


class _Refused(Exception):
    pass


def adapter(
    base_dir: str, fmt: str, chunks: Iterator[str], ctx: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """Apply the reply to `base_dir`, or refuse."""
    worktree = Worktree(Path(base_dir))
    tree = DiskTree(worktree, (ctx or {}).get("seen") or {})
    stream = EditStream(tree)
    trace = _Trace()

    def take(pieces: list[Piece]) -> None:
        trace.note(pieces)
        for piece in pieces:
            if isinstance(piece, NeedFile):
                take(stream.provide(piece.path, tree.snapshot(piece.path)))

    for chunk in chunks:
        trace.at += len(chunk)
        take(stream.feed(chunk))
    take(stream.end_lanes(complete=True))
    take(stream.close(complete=True))
    try:
        _write(worktree, tree, stream.changeset)
    except (_Refused, SparkFault) as refused:
        return {"applied": False, "message": str(refused), "trace": trace.rows}
    return {"applied": True, "message": "", "trace": trace.rows}


def _write(worktree: Worktree, tree: DiskTree, changeset: Changeset) -> None:
    """What automatic acceptance at its widest writes."""
    if not changeset.complete:
        raise _Refused(f"incomplete: {'; '.join(changeset.issues)}")
    if not changeset.hunks:
        raise _Refused("no edit in the reply")
    by_path: dict[str, list[HunkState]] = {}
    for hunk in changeset.hunks:
        by_path.setdefault(hunk.path, []).append(_taken(hunk))
    about = sum(1 for h in changeset.hunks if Flag.ABOUT in getattr(h.place, "flags", ()))
    if about > 1:
        raise _Refused("several hunks are only about right")
    before: dict[str, Snapshot | None] = {}
    after: dict[str, Snapshot | None] = {}
    for path, hunks in by_path.items():
        disk = before[path] = worktree.read(path)
        base = tree.snapshot(path)
        bases = {base.digest: base} if base else {}
        content = [h for h in hunks if h.kind is not Kind.MOVE]
        merged = merge_in(path, disk, content, (), bases)
        if merged.conflicts:
            raise _Refused("; ".join(merged.conflicts.values()))
        after[path] = merged.now
        for move in hunks:
            if move.kind is Kind.MOVE and move.move_to and move.move_to != path:
                before[move.move_to], after[move.move_to], after[path] = None, merged.now, None
    changes = [Change(p, s.data if s else None, s.mode if s else None) for p, s in after.items()]
    expected = {p: s.digest if s else None for p, s in before.items()}
    worktree.write_all(changes, expected=expected)


def _taken(hunk: Hunk) -> HunkState:
    place = hunk.place
    if not isinstance(place, Placed):
        raise _Refused(f"hunk {hunk.number} {hunk.path}: {place.code}: {place.message}")
    if not policy.takes("all", place.flags, place.score, allowed=True):
        raise _Refused(f"hunk {hunk.number} {hunk.path}: {', '.join(sorted(place.flags))}")
    return HunkState(
        id=HunkId(f"t1h{hunk.number}"), turn=1, path=hunk.path, kind=hunk.kind,
        move_to=hunk.move_to, base=hunk.base, place=place, status=Status.PLACED,
    )  # fmt: skip
