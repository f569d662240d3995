"""EditStream: the text of a reply in, pieces out; the door of this package.

The rule kept here: the pieces do not depend on how the text was cut (HunkTyping aside), a piece
is never taken back, and the work for a piece of text is in proportion to its length. What the
tree holds is asked for, never read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol, assert_never

from spark_tui.edits.asked import Asked, Written, from_sides, splits
from spark_tui.edits.changeset import Changeset, Hunk, Kind, Placed, Unplaced
from spark_tui.edits.demux import Demux
from spark_tui.edits.desk import Desk, Settled, Waiting
from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    MovedTo,
    Opened,
    Said,
    Section,
    Signal,
    Trouble,
    Typing,
)
from spark_tui.edits.lanes import Draft, Lane, cannot_create, has_text
from spark_tui.edits.live import LiveSearch
from spark_tui.edits.names import Refusal, check_path
from spark_tui.edits.pieces import (
    Closed,
    HunkGrew,
    HunkOpened,
    HunkPending,
    HunkPlaced,
    HunkTyping,
    HunkUnplaced,
    HunkWaiting,
    Issue,
    NeedFile,
    Piece,
    Prose,
)
from spark_tui.edits.snapshot import Snapshot

PathKind = Literal["file", "missing", "directory", "link", "special", "nested", "outside"]


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


_NOT_A_FILE: dict[PathKind, str] = {
    "directory": "is a directory",
    "link": "is a symbolic link or lies behind one",
    "special": "is not a regular file",
    "nested": "is inside another repository",
    "outside": "leaves the work tree",
}


class EditStream:
    """All edits of one reply."""

    def __init__(self, tree: Tree, *, first_hunk: int = 1) -> None:
        self._tree = tree
        self.next_hunk = first_hunk
        self._lanes: dict[str, Lane] = {}
        self._desks: dict[str, Desk] = {}
        self._answers: dict[str, Snapshot | None] = {}
        self._asked_for: set[str] = set()
        self._moves: dict[int, str] = {}
        self._paths: dict[int, str] = {}
        self._done: dict[int, Hunk] = {}
        self._issues: list[str] = []
        self._whole = True
        self._closed = False

    @property
    def changeset(self) -> Changeset:
        """The hunks that have their verdict so far."""
        hunks = tuple(self._done[number] for number in sorted(self._done))
        return Changeset(hunks, self._closed and self._whole, tuple(self._issues))

    def feed(self, text: str, lane: str = "text") -> list[Piece]:
        """More text of one lane."""
        at = self._lane(lane)
        if at.over or self._closed:
            return []
        at.fed = at.fed or bool(text.strip())
        return self._take(at, at.demux.feed(text))

    def end_lane(self, lane: str, *, complete: bool) -> list[Piece]:
        """This part is over; `complete` is what the wire says."""
        at = self._lane(lane)
        if at.over:
            return []
        at.over = True
        self._whole = self._whole and complete
        out = self._take(at, at.demux.end())
        if not at.is_text and at.fed and not at.demux.found:
            out += self._take(at, [Trouble("malformed", "the tool call holds no edit")])
        return out

    def provide(self, path: str, snapshot: Snapshot | None) -> list[Piece]:
        """The answer to NeedFile; None: there is no such file."""
        self._answers[path] = snapshot
        out: list[Piece] = []
        for lane in self._lanes.values():
            if lane.waits_for == path:
                lane.waits_for = None
                held, lane.held = lane.held, []
                out += self._take(lane, held)
        return out

    def close(self, *, complete: bool) -> list[Piece]:
        """The reply is over; the last piece is Closed."""
        if self._closed:
            return []
        out: list[Piece] = []
        for name in list(self._lanes):
            out += self.end_lane(name, complete=complete)
        while waiting := next((x.waits_for for x in self._lanes.values() if x.waits_for), None):
            out += self.provide(waiting, None)
        for desk in self._desks.values():
            self._tell(desk, desk.close(), out)
        self._whole = self._whole and complete
        self._closed = True
        out.append(Closed(self._whole))
        return out

    def _lane(self, name: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(Demux(self._is_file), name.split("/")[0] == "text")
        return lane

    def _is_file(self, raw: str) -> bool:
        path = check_path(raw)
        return isinstance(path, str) and self._tree.kind(path) == "file"

    def _take(self, lane: Lane, signals: Iterable[Signal]) -> list[Piece]:
        out: list[Piece] = []
        for signal in signals:
            if lane.waits_for is None:
                self._apply(lane, signal, out)
            elif not isinstance(signal, Typing):
                lane.held.append(signal)
        return out

    def _apply(self, lane: Lane, signal: Signal, out: list[Piece]) -> None:
        match signal:
            case Typing(sign, text):
                if lane.draft:
                    out.append(HunkTyping(lane.draft.number, sign, text))
            case Line():
                self._grow(lane, signal, out)
            case Said(text):
                if lane.is_text:
                    out.append(Prose(text))
            case Opened():
                self._open(lane, signal, out)
            case Ended():
                self._end(lane, signal, out)
            case Section():
                self._section(lane, signal, out)
            case MovedTo(path):
                self._move(lane, path, out)
            case Trouble(code, message, fatal):
                self._issues.append(message)
                self._whole = self._whole and not fatal
                out.append(Issue(code, message, lane.path or None, fatal))
            case _:
                assert_never(signal)

    def _section(self, lane: Lane, section: Section, out: list[Piece]) -> None:
        """What follows is about this path: find out what is there, or wait for the answer."""
        lane.section, lane.desk, lane.refused = section, None, None
        path = self._resolved(section.path)
        if isinstance(path, Refusal):
            lane.path, lane.refused = section.path, Unplaced(path.code, path.message)
        else:
            lane.path = path
            desk = self._desks.get(path)
            if desk is None:
                kind = self._tree.kind(path)
                if kind in _NOT_A_FILE:
                    lane.refused = Unplaced("path", f"{path!r} {_NOT_A_FILE[kind]}")
                elif kind == "file" and not self._known(path):
                    lane.waits_for = path
                    lane.held = [section]
                    if path not in self._asked_for:
                        self._asked_for.add(path)
                        out.append(NeedFile(path))
                    return
                else:
                    desk = self._desks[path] = self._new_desk(path, kind)
            lane.desk = desk
            if desk is not None:
                lane.refused = self._misfit(section, desk)
        if section.op == "delete":
            self._delete(lane, out)

    def _resolved(self, raw: str) -> str | Refusal:
        """The checked path; a leading a/ or b/ goes if only the rest of it exists."""
        path = check_path(raw)
        if isinstance(path, str) and path[:2] in ("a/", "b/") and path not in self._desks:
            rest = check_path(path[2:])
            if (
                isinstance(rest, str)
                and self._tree.kind(path) == "missing"
                and self._tree.kind(rest) != "missing"
            ):
                return rest
        return path

    def _known(self, path: str) -> bool:
        if path not in self._answers:
            snapshot = self._tree.snapshot(path)
            if snapshot is None:
                return False
            self._answers[path] = snapshot
        return True

    def _new_desk(self, path: str, kind: PathKind) -> Desk:
        snapshot = self._answers[path] if kind == "file" else None
        unseen = snapshot is not None and not self._tree.was_seen(path)
        return Desk(path, snapshot, unseen)

    def _misfit(self, section: Section, desk: Desk) -> Unplaced | None:
        """Why nothing of this section can be done, as far as the file alone says."""
        if desk.snapshot is None:
            if section.op in ("add", "block"):
                return None
            similar = self._tree.similar(desk.path)
            meant = f"; did you mean {', '.join(similar)}?" if similar else ""
            return Unplaced("no_file", f"{desk.path} does not exist{meant}")
        if desk.snapshot.binary:
            return Unplaced("binary", f"{desk.path} holds binary data")
        return None

    def _open(self, lane: Lane, opened: Opened, out: list[Piece]) -> None:
        exists = lane.desk is not None and lane.desk.snapshot is not None
        op = lane.section.op if lane.section else "update"
        kind = Kind.ADD if op in ("add", "block") and not exists else Kind.EDIT
        number = self._number(lane.path)
        draft = lane.draft = Draft(number, kind, opened)
        if lane.desk is not None and exists and not lane.refused and op in ("update", "block"):
            draft.live = LiveSearch(lane.desk.index)
        out.append(HunkOpened(number, lane.path, kind, opened.headers))

    def _number(self, path: str) -> int:
        number = self.next_hunk
        self.next_hunk += 1
        self._paths[number] = path
        return number

    def _grow(self, lane: Lane, line: Line, out: list[Piece]) -> None:
        draft = lane.draft
        if draft is None:
            return
        sign, text, other = line
        out.append(HunkGrew(draft.number, sign, text))
        if sign == "?":
            draft.search.append(text)
        else:
            draft.body.append(Written(sign, text, other))
        if draft.live is not None and sign != "+":
            at = draft.live.add(text)
            if at is not None:
                out.append(HunkPending(draft.number, at))

    def _end(self, lane: Lane, ended: Ended, out: list[Piece]) -> None:
        draft, lane.draft = lane.draft, None
        if draft is None:
            return
        why = Unplaced(ended.code, ended.message) if ended.code else lane.refused
        desk = lane.desk
        op = lane.section.op if lane.section else "update"
        if why is None and op == "block" and not lane.path:
            why = Unplaced("malformed", "no file is named above this block")
        if why is None and desk is not None and op == "block":
            why = cannot_create(desk, draft.search)
        added = [line.text for line in draft.body]
        if why is None and desk is not None and ended.dividers and has_text(draft.search):
            sides = desk.split(splits(draft.search, added, ended.dividers))
            if sides:
                draft.search, added = sides
            else:
                why = Unplaced("malformed", "several dividers: the block cannot be split safely")
        if why is not None or desk is None:
            self._refuse(lane, draft.number, draft.kind, why or Unplaced("no_file", ""), out)
            return
        number = draft.number
        if op == "add" or (op == "block" and not has_text(draft.search)):
            news = desk.create(number, added)
        else:
            body = from_sides(draft.search, added) if op == "block" else tuple(draft.body)
            opened = draft.opened
            news = desk.change(number, Asked(body, opened.headers, opened.hint, ended.at_end))
        self._tell(desk, news, out)

    def _delete(self, lane: Lane, out: list[Piece]) -> None:
        number = self._number(lane.path)
        out.append(HunkOpened(number, lane.path, Kind.DELETE))
        if lane.refused or lane.desk is None:
            why = lane.refused or Unplaced("no_file", "")
            self._refuse(lane, number, Kind.DELETE, why, out)
        else:
            self._tell(lane.desk, lane.desk.remove(number), out)

    def _move(self, lane: Lane, raw: str, out: list[Piece]) -> None:
        number = self._number(lane.path)
        target = check_path(raw)
        to = raw if isinstance(target, Refusal) else target
        self._moves[number] = to
        out.append(HunkOpened(number, lane.path, Kind.MOVE, move_to=to))
        why = lane.refused
        if why is None and isinstance(target, Refusal):
            why = Unplaced(target.code, target.message)
        if why is None and to != lane.path:
            why = self._taken(to)
        if why or lane.desk is None:
            self._refuse(lane, number, Kind.MOVE, why or Unplaced("no_file", ""), out)
            return
        placed = Placed(0, 0, (), already=to == lane.path)
        self._tell(lane.desk, lane.desk.settle(number, Kind.MOVE, placed), out)

    def _taken(self, path: str) -> Unplaced | None:
        """Why no file can be moved to this path."""
        kind = self._tree.kind(path)
        if kind in _NOT_A_FILE:
            return Unplaced("path", f"{path!r} {_NOT_A_FILE[kind]}")
        others = list(self._moves.values())
        if kind == "file" or path in self._desks or others.count(path) > 1:
            return Unplaced("exists", f"{path} is there already")
        return None

    def _refuse(self, lane: Lane, number: int, kind: Kind, why: Unplaced, out: list[Piece]) -> None:
        if lane.desk is not None:
            self._tell(lane.desk, lane.desk.settle(number, kind, why), out)
            return
        self._done[number] = Hunk(number, lane.path, kind, None, why, self._moves.get(number))
        out.append(HunkUnplaced(number, None, why))

    def _tell(self, desk: Desk, news: Iterable[Waiting | Settled], out: list[Piece]) -> None:
        for entry in news:
            if isinstance(entry, Waiting):
                out.append(HunkWaiting(entry.number))
                continue
            number, found = entry.number, entry.place
            to = self._moves.get(number)
            self._done[number] = Hunk(number, desk.path, entry.kind, desk.base, found, to)
            if isinstance(found, Placed):
                out.append(HunkPlaced(number, desk.base, found))
            else:
                out.append(HunkUnplaced(number, desk.base, found))
