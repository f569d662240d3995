"""Playing replies against files in memory: what the tests of the edit layer share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from spark_tui.edits.changeset import Changeset, Hunk, Kind, Placed, Unplaced
from spark_tui.edits.compose import result_of
from spark_tui.edits.pieces import HunkTyping, NeedFile, Piece, Prose
from spark_tui.edits.reader import EditStream, PathKind
from spark_tui.edits.snapshot import Snapshot


class MemoryTree:
    """Files as a dictionary; `kinds` names what is no regular file, `modes` what is not 644, `crlf`
    the new files whose lines end so."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        *,
        kinds: Mapping[str, PathKind] | None = None,
        unseen: Iterable[str] = (),
        unread: Iterable[str] = (),
        modes: Mapping[str, int] | None = None,
        crlf: Iterable[str] = (),
    ) -> None:
        self.files = dict(files)
        self._kinds = dict(kinds or {})
        self._unseen = set(unseen)
        self._unread = set(unread)
        self._modes = dict(modes or {})
        self._crlf = set(crlf)

    def kind(self, path: str) -> PathKind:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            if self._kinds.get(above, "directory") != "directory":
                return self._kinds[above]
            if above in self.files:
                return "special"
        if path in self._kinds:
            return self._kinds[path]
        if path in self.files:
            return "file"
        is_folder = any(name.startswith(f"{path}/") for name in self.files)
        return "directory" if is_folder else "missing"

    def mode(self, path: str) -> int:
        return self._modes.get(path, 0o644)

    def on_disk(self, path: str) -> Snapshot | None:
        """The file whether it was read yet or not; None if there is none."""
        data = self.files.get(path)
        return None if data is None else Snapshot.of(path, data, self.mode(path))

    def snapshot(self, path: str) -> Snapshot | None:
        return None if path in self._unread else self.on_disk(path)

    def was_seen(self, path: str) -> bool:
        return path not in self._unseen

    def similar(self, path: str) -> tuple[str, ...]:
        name = path.rpartition("/")[2]
        return tuple(p for p in sorted(self.files) if p.rpartition("/")[2] == name)[:3]

    def new_eol(self, path: str) -> str:
        return "\r\n" if path in self._crlf else "\n"

    def ending(self, path: str) -> tuple[str, ...]:
        return tuple(p for p in sorted(self.files) if p.endswith(f"/{path}"))

    @property
    def root(self) -> str:
        return "/work/tree"


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
                take(stream.provide(piece.path, tree.on_disk(piece.path)))

    for chunk in chunks:
        take(stream.feed(chunk, lane))
    take(stream.end_lanes(complete=complete))
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
    return {path: snapshot.data for path, snapshot in after(tree, changeset).items()}


def after(tree: MemoryTree, changeset: Changeset) -> dict[str, Snapshot]:
    """The same with the modes of the files."""
    files = {path: Snapshot.of(path, data, tree.mode(path)) for path, data in tree.files.items()}
    for path in dict.fromkeys(hunk.path for hunk in changeset.hunks):
        hunks = [hunk for hunk in changeset.hunks if hunk.path == path]
        base = files.pop(path, None)
        target = next((h.move_to for h in hunks if h.kind is Kind.MOVE and h.move_to), path)
        data = result_of(base, hunks)
        if data is not None:
            mode = base.mode if base else 0o644
            for hunk in hunks:
                mode = (hunk.place.mode if isinstance(hunk.place, Placed) else None) or mode
            files[target] = Snapshot.of(target, data, mode)
    return files


def salvaged(changeset: Changeset) -> Changeset:
    """The hunks that have a place, as a person may accept them one by one."""
    hunks = tuple(hunk for hunk in changeset.hunks if isinstance(hunk.place, Placed))
    return replace(changeset, hunks=hunks)


def refusals(changeset: Changeset) -> list[str]:
    """The codes of hunks without a place, in order."""
    return [h.place.code for h in changeset.hunks if isinstance(h.place, Unplaced)]
