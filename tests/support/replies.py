"""Playing replies against files in memory: what the tests of the edit layer share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spark_tui.edits.changeset import Changeset, Hunk, Kind, Placed, Unplaced
from spark_tui.edits.compose import result_of
from spark_tui.edits.pieces import HunkTyping, NeedFile, Piece, Prose
from spark_tui.edits.reader import EditStream, PathKind
from spark_tui.edits.snapshot import Snapshot


class MemoryTree:
    """Files as a dictionary; `kinds` names what is no regular file."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        *,
        kinds: Mapping[str, PathKind] | None = None,
        unseen: Iterable[str] = (),
        unread: Iterable[str] = (),
    ) -> None:
        self.files = dict(files)
        self._kinds = dict(kinds or {})
        self._unseen = set(unseen)
        self._unread = set(unread)

    def kind(self, path: str) -> PathKind:
        return self._kinds.get(path, "file" if path in self.files else "missing")

    def snapshot(self, path: str) -> Snapshot | None:
        return None if path in self._unread else Snapshot.of(path, self.files[path])

    def was_seen(self, path: str) -> bool:
        return path not in self._unseen

    def similar(self, path: str) -> tuple[str, ...]:
        name = path.rpartition("/")[2]
        return tuple(p for p in sorted(self.files) if p.rpartition("/")[2] == name)[:3]


def whole(reply: str) -> list[str]:
    return [reply]


def by_line(reply: str) -> list[str]:
    return reply.splitlines(keepends=True)


def by_sign(reply: str) -> list[str]:
    return list(reply)


def play(
    tree: MemoryTree, chunks: Iterable[str], *, lane: str = "text", complete: bool = True
) -> tuple[list[Piece], Changeset]:
    """All pieces of a reply, and what it came to. Files that are asked for are given at once."""
    stream = EditStream(tree)
    pieces: list[Piece] = []

    def take(more: list[Piece]) -> None:
        for piece in more:
            pieces.append(piece)
            if isinstance(piece, NeedFile):
                data = tree.files.get(piece.path)
                answer = None if data is None else Snapshot.of(piece.path, data)
                take(stream.provide(piece.path, answer))

    for chunk in chunks:
        take(stream.feed(chunk, lane))
    take(stream.close(complete=complete))
    return pieces, stream.changeset


def hunks_of(tree: MemoryTree, reply: str, *, lane: str = "text") -> tuple[Hunk, ...]:
    """The hunks of a whole reply."""
    return play(tree, [reply], lane=lane)[1].hunks


def facts(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces that must not depend on chunks: no typing, touching prose joined."""
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, HunkTyping):
            continue
        if isinstance(piece, Prose):
            if not piece.text:
                continue
            if out and isinstance(out[-1], Prose):
                out[-1] = Prose(out[-1].text + piece.text)
                continue
        out.append(piece)
    return out


def placed(hunk: Hunk) -> Placed:
    assert isinstance(hunk.place, Placed), hunk.place
    return hunk.place


def unplaced(hunk: Hunk) -> Unplaced:
    assert isinstance(hunk.place, Unplaced), hunk.place
    return hunk.place


def applied(tree: MemoryTree, changeset: Changeset) -> dict[str, bytes]:
    """The files with every hunk accepted. All must have a place."""
    files = dict(tree.files)
    for path in dict.fromkeys(hunk.path for hunk in changeset.hunks):
        hunks = [hunk for hunk in changeset.hunks if hunk.path == path]
        before = files.pop(path, None)
        base = None if before is None else Snapshot.of(path, before)
        target = next((h.move_to for h in hunks if h.kind is Kind.MOVE and h.move_to), path)
        data = result_of(base, hunks)
        if data is not None:
            files[target] = data
    return files


def refusals(changeset: Changeset) -> list[str]:
    """The codes of hunks without a place, in order."""
    return [h.place.code for h in changeset.hunks if isinstance(h.place, Unplaced)]
