"""EditStream: the text of a reply in, pieces out; the door of this package.

The rule kept here: the pieces do not depend on how the text was cut (HunkTyping aside), a piece
is never taken back, and the work for a piece of text is in proportion to its length. What the
tree holds is asked for, never read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from typing import assert_never

from spark_tui.edits.asked import Asked, Written, from_sides, splits
from spark_tui.edits.changeset import Changeset, Hunk, Kind, Placed, Unplaced
from spark_tui.edits.demux import Demux
from spark_tui.edits.desk import Desk, Settled, Waiting
from spark_tui.edits.formats.signals import (
    Ended,
    Line,
    ModeSet,
    MovedTo,
    Opened,
    Said,
    Section,
    Signal,
    Trouble,
    Typing,
)
from spark_tui.edits.formats.table import NAMES, Name
from spark_tui.edits.jsontext import JsonText
from spark_tui.edits.lanes import Draft, Lane, cannot_create, has_text
from spark_tui.edits.live import LiveRewrite, LiveSearch
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
from spark_tui.edits.tree import (
    NewFiles,
    completed,
    is_file,
    misses_folders,
    no_file_at,
    not_a_file,
    resolved,
)
from spark_tui.edits.tree import PathKind as PathKind
from spark_tui.edits.tree import Tree as Tree


class EditStream:
    """All edits of one reply; what is written in a format that is not among `formats` is prose."""

    def __init__(
        self, tree: Tree, *, first_hunk: int = 1, formats: Collection[Name] = NAMES
    ) -> None:
        self._tree = tree
        self._formats = formats
        self.next_hunk = first_hunk
        self._lanes: dict[str, Lane] = {}
        self._desks: dict[str, Desk] = {}
        self._answers: dict[str, Snapshot | None] = {}
        self._asked_for: set[str] = set()
        self._moves: dict[int, str] = {}
        self._new_files = NewFiles()
        self._done: dict[int, Hunk] = {}
        self._issues: list[str] = []
        self._whole = True
        self._closed = False

    @property
    def changeset(self) -> Changeset:
        """The hunks that have their verdict so far."""
        hunks = tuple(self._done[n] for n in sorted(self._done))
        return Changeset(hunks, self._closed and self._whole, tuple(self._issues))

    def feed(self, text: str, lane: str = "text") -> list[Piece]:
        """More of one lane. Its name says what it carries: "text" or "text/N" a message, "json:ID"
        the arguments of a function call, "call:ID" the plain input of a tool."""
        at = self._lane(lane)
        if at.over or self._closed:
            return []
        at.fed = at.fed or bool(text.strip())
        if at.json is not None:
            text = at.json.feed(text)
        return self._take(at, at.demux.feed(text))

    def end_lane(self, lane: str, *, complete: bool) -> list[Piece]:
        """This part is over; `complete` is what the wire says."""
        at = self._lane(lane)
        if at.over:
            return []
        at.over = True
        self._whole = self._whole and complete
        out = self._take(at, at.demux.end())
        if at.json is not None and not at.json.is_whole:
            out += self._take(at, [Trouble("truncated", "the arguments of the call break off")])
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

    def end_lanes(self, *, complete: bool) -> list[Piece]:
        """Every part is over; what is asked for now can still be provided before `close`."""
        return [p for name in list(self._lanes) for p in self.end_lane(name, complete=complete)]

    def close(self, *, complete: bool) -> list[Piece]:
        """The reply is over; the last piece is Closed. A file that was asked for and not provided
        counts as missing."""
        if self._closed:
            return []
        out = self.end_lanes(complete=complete)
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
            lane = self._lanes[name] = Lane(
                Demux(partial(is_file, self._tree), self._formats), name.split("/")[0] == "text"
            )
            lane.json = JsonText() if name.startswith("json:") else None
        return lane

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
            case ModeSet(mode):
                self._set_mode(lane, mode, out)
            case Trouble(code, message, fatal):
                self._issues.append(message)
                self._whole = self._whole and not fatal
                out.append(Issue(code, message, lane.path or None, fatal))
            case _:
                assert_never(signal)

    def _section(self, lane: Lane, section: Section, out: list[Piece]) -> None:
        """What follows is about this path: find out what is there, or wait for the answer."""
        lane.section, lane.desk, lane.refused = section, None, None
        lane.given = ""
        path = resolved(self._tree, section.path, is_new=section.op == "add")
        if isinstance(path, Refusal):
            lane.path, lane.refused = section.path, Unplaced(path.code, path.message)
        else:
            if section.op in ("update", "block", "file") and path not in self._desks:
                given, path = path, completed(self._tree, path)
                lane.given = given if path != given else ""
            lane.path = path
            desk = self._desks.get(path)
            if desk is None:
                kind = self._tree.kind(path)
                lane.refused = not_a_file(path, kind)
                if lane.refused is None and kind == "file" and not self._known(path):
                    lane.waits_for = path
                    lane.held = [section]
                    if path not in self._asked_for:
                        self._asked_for.add(path)
                        out.append(NeedFile(path))
                    return
                if lane.refused is None:
                    desk = self._desks[path] = self._new_desk(path, kind)
            lane.desk = desk
            if desk is not None:
                lane.refused = self._misfit(section, desk)
        if section.op == "delete":
            self._delete(lane, out)

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
            if section.op == "file" and misses_folders(self._tree, section.path, desk.path):
                return no_file_at(self._tree, desk.path)
            if section.op in ("add", "block", "file"):
                return self._new_files.refuses(desk.path)
            return no_file_at(self._tree, desk.path)
        if desk.snapshot.binary:
            return Unplaced("binary", f"{desk.path} holds binary data")
        return None

    def _open(self, lane: Lane, opened: Opened, out: list[Piece]) -> None:
        exists = lane.desk is not None and lane.desk.snapshot is not None
        op = lane.section.op if lane.section else "update"
        kind = Kind.ADD if op in ("add", "block", "file") and not exists else Kind.EDIT
        kind = Kind.DELETE if op == "erase" else kind
        number = self._number()
        draft = lane.draft = Draft(number, kind, opened)
        if lane.desk is not None and exists and not lane.refused and op in ("update", "block"):
            draft.live = LiveSearch(lane.desk.index)
        elif lane.desk is not None and exists and not lane.refused and op == "file":
            draft.rewrite = LiveRewrite(lane.desk.index)
        out.append(HunkOpened(number, lane.path, kind, opened.headers))

    def _number(self) -> int:
        number = self.next_hunk
        self.next_hunk += 1
        return number

    def _grow(self, lane: Lane, line: Line, out: list[Piece]) -> None:
        draft = lane.draft
        if draft is None:
            return
        sign, text, other = line
        if lane.desk is not None and lane.desk.snapshot is not None and lane.desk.snapshot.bom:
            text = text.removeprefix("\ufeff")
        stays = draft.rewrite is not None and draft.rewrite.stays(text)
        out.append(HunkGrew(draft.number, " " if stays else sign, text))
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
        if op == "block" and not lane.path:
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
        if op == "erase":
            quoted = [line.text for line in draft.body if line.sign != "+"]
            self._tell(desk, desk.remove(number, quoted), out)
        elif op in ("add", "file") or (op == "block" and not has_text(draft.search)):
            self._whole_file(lane, desk, number, added, ended, out)
        else:
            body = from_sides(draft.search, added) if op == "block" else tuple(draft.body)
            opened = draft.opened
            asked = Asked(body, opened.headers, opened.hint, ended.at_end, ended.newline)
            news = desk.change(number, asked, given=lane.given)
            self._tell(desk, news, out)

    def _whole_file(
        self, lane: Lane, desk: Desk, number: int, lines: list[str], end: Ended, out: list[Piece]
    ) -> None:
        """All lines of a file. One that exists gets a hunk for each run of changes."""
        if desk.snapshot is None:
            eol = self._tree.new_eol(desk.path)
            self._tell(desk, desk.add(number, lines, end.newline, end.mode, eol), out)
            return
        places = desk.rewrite(lines, given=lane.given)
        if isinstance(places, Unplaced):
            self._tell(desk, desk.settle(number, Kind.EDIT, places), out)
            return
        for i, place in enumerate(places):
            if i:
                number = self._number()
                out.append(HunkOpened(number, lane.path, Kind.EDIT))
            self._tell(desk, desk.settle(number, Kind.EDIT, place), out)

    def _delete(self, lane: Lane, out: list[Piece]) -> None:
        number = self._number()
        out.append(HunkOpened(number, lane.path, Kind.DELETE))
        if lane.refused or lane.desk is None:
            why = lane.refused or Unplaced("no_file", "")
            self._refuse(lane, number, Kind.DELETE, why, out)
        else:
            self._tell(lane.desk, lane.desk.remove(number), out)

    def _move(self, lane: Lane, raw: str, out: list[Piece]) -> None:
        number = self._number()
        target = check_path(raw, self._tree.root)
        to = raw if isinstance(target, Refusal) else target
        self._moves[number] = to
        self._new_files.claim(to)
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

    def _set_mode(self, lane: Lane, mode: int, out: list[Piece]) -> None:
        number = self._number()
        out.append(HunkOpened(number, lane.path, Kind.MODE))
        desk = lane.desk
        if lane.refused or desk is None or desk.snapshot is None:
            self._refuse(lane, number, Kind.MODE, lane.refused or Unplaced("no_file", ""), out)
            return
        placed = Placed(0, 0, (), already=desk.snapshot.mode == mode, mode=mode)
        self._tell(desk, desk.settle(number, Kind.MODE, placed), out)

    def _taken(self, path: str) -> Unplaced | None:
        """Why no file can be moved to this path."""
        kind = self._tree.kind(path)
        if refused := not_a_file(path, kind):
            return refused
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
            if entry.kind is Kind.ADD and isinstance(found, Placed):
                self._new_files.add(desk.path)
            if isinstance(found, Placed):
                out.append(HunkPlaced(number, desk.base, found))
            else:
                out.append(HunkUnplaced(number, desk.base, found))
