"""One request and its answer: provider deltas in, events out. The hot loop.

The rule kept here: one delta costs one match, one feed and one emit; nothing is joined, copied or
written per token. Deciding and writing is review.py's business, what to send context.py's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from spark_tui.edits import pieces as pc
from spark_tui.edits.changeset import Flag, Unplaced
from spark_tui.edits.diff import count
from spark_tui.edits.formats.table import NAMES, Name
from spark_tui.edits.pieces import Piece
from spark_tui.edits.reader import EditStream
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault, StreamFault
from spark_tui.model import provider as wire
from spark_tui.model.provider import Item, Provider, Request, Usage
from spark_tui.repo.worktree import Worktree
from spark_tui.session import events as ev
from spark_tui.session import policy
from spark_tui.session.earlier import Earlier
from spark_tui.session.events import Event, HunkId, TokenUse
from spark_tui.session.meter import Meter
from spark_tui.session.overlapping import Overlaps
from spark_tui.session.state import SessionState, Status

PathKind = Literal["file", "missing", "directory", "link", "special", "nested", "outside"]
EDIT_TOOLS = frozenset({"apply_patch"})


class SessionTree:
    """What an EditStream may ask about files; `all_seen` for a reply whose reader is unknown."""

    def __init__(
        self,
        worktree: Worktree,
        files: tuple[str, ...],
        snapshots: Mapping[str, Snapshot],
        *,
        all_seen: bool = False,
    ) -> None:
        self._worktree = worktree
        self._all_seen = all_seen
        self._files = files
        self._snapshots = dict(snapshots)
        self._seen = set(snapshots)

    def kind(self, path: str) -> PathKind:
        return self._worktree.kind(path)

    def snapshot(self, path: str) -> Snapshot | None:
        return self._snapshots.get(path)

    def was_seen(self, path: str) -> bool:
        return self._all_seen or path in self._seen

    def similar(self, path: str) -> tuple[str, ...]:
        name = path.rsplit("/", 1)[-1]
        return tuple(p for p in self._files if p.rsplit("/", 1)[-1] == name)[:3]

    def ending(self, path: str) -> tuple[str, ...]:
        return tuple(p for p in self._files if p.endswith(f"/{path}"))

    def new_eol(self, path: str) -> str:
        return self._worktree.new_eol(path)

    @property
    def root(self) -> str:
        return str(self._worktree.root)

    def show(self, snapshot: Snapshot) -> None:
        """The model has seen this file now."""
        self._snapshots[snapshot.path] = snapshot
        self._seen.add(snapshot.path)


@dataclass(slots=True)
class Round:
    """How one request ended."""

    items: tuple[Item, ...] = ()
    calls: list[wire.CallDone] = field(default_factory=list)
    call_hunks: dict[str, list[HunkId]] = field(default_factory=dict)
    """Hunks of each edit call."""
    hunks: list[HunkId] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    """What was said, edits in plain text included."""
    edits: dict[str, str] = field(default_factory=dict)
    """Text of the edit calls, finished or not, by call."""
    usage: Usage | None = None
    done: bool = False
    """The wire's own done event came."""
    whole: bool = False
    """Every edit reached its own end."""
    cut: str = ""
    fault: SparkFault | None = None
    stopped: bool = False
    differs: bool = False
    """A final item is not what was streamed: nothing can be built on this answer."""
    issues: list[str] = field(default_factory=list)

    @property
    def is_silent(self) -> bool:
        """Nothing came that a person or the transcript could use."""
        return not self.done and not self.text and not self.edits and not self.calls


class TurnRun:
    """Streams the requests of one turn. `stopped` may be set from anywhere on the loop."""

    def __init__(
        self,
        *,
        turn: int,
        tree: SessionTree,
        state: SessionState,
        meter: Meter,
        emit: Callable[[Event], None],
        read: Callable[[str], Awaitable[Snapshot | None]],
        ignored: Callable[[str], Awaitable[bool]],
    ) -> None:
        self.turn = turn
        self.stopped = False
        self.tree = tree
        self.next_hunk = 1
        self.unsound: set[HunkId] = set()
        """Hunks of answers that did not end as they should: never taken automatically."""
        self.used = TokenUse()
        """Tokens of all requests so far."""
        self.service_tier = ""
        """That was really served, where the service tells."""
        self._provider: Provider | None = None
        self._state = state
        self._meter = meter
        self._emit = emit
        self._read = read
        self._ignored = ignored
        self._path_flags: dict[str, frozenset[Flag]] = {}
        self._overlaps = Overlaps(state.snapshots)
        self.earlier = Earlier(state, turn, self._overlaps)
        """What the hunks of its first answers mean for those of a later one."""
        self.acts_shown = len(state.writes)
        """Writes of the session that the tree knows."""

    def stop(self) -> None:
        """Ignore everything from this instant and drop the connection."""
        self.stopped = True
        if self._provider is not None:
            self._provider.stop()

    async def join(self, text: str) -> bool:
        """Let the answer that streams take this up, where it can; it ends soon then."""
        provider = self._provider
        return provider is not None and not self.stopped and await provider.steer(text)

    async def play(self, provider: Provider, request: Request) -> Round:
        """Stream one request to its end."""
        result = Round(stopped=self.stopped)
        if self.stopped:
            return result
        self._provider = provider
        stream = EditStream(self.tree, first_hunk=self.next_hunk)
        heard: dict[str, list[str]] = {}
        lanes: dict[str, str] = {}
        """Of the edit calls that are open."""
        text: list[str] = []
        """Of the message item that is open."""
        messages = 0
        deltas = provider.stream(request)
        try:
            async for delta in deltas:
                if self.stopped:
                    break
                match delta:
                    case wire.TextDelta(part):
                        self._hear(part)
                        if messages and not text:
                            self._emit(ev.Said(self.turn, "\n\n"))
                        text.append(part)
                        await self._tell(stream.feed(part, _lane(messages)), stream, result, "")
                    case wire.CallDelta(call_id, part):
                        self._hear(part)
                        if (known := heard.get(call_id)) is not None:
                            known.append(part)
                            pieces = stream.feed(part, lanes[call_id])
                            await self._tell(pieces, stream, result, call_id)
                    case wire.CallOpened(call_id, name, custom):
                        if name in EDIT_TOOLS:
                            heard.setdefault(call_id, [])
                            lanes[call_id] = _lane_of_call(call_id, custom=custom)
                            result.call_hunks.setdefault(call_id, [])
                    case wire.CallDone():
                        await self._call_done(delta, heard, stream, result)
                    case wire.TextDone(whole):
                        if not text and whole:
                            self._hear(whole)
                            text.append(whole)
                            pieces = stream.feed(whole, _lane(messages))
                            await self._tell(pieces, stream, result, "")
                        elif text and "".join(text) != whole:
                            self._differs(result, "the final text differs from what was streamed")
                        pieces = stream.end_lane(_lane(messages), complete=True)
                        await self._tell(pieces, stream, result, "")
                        result.text.extend(text)
                        text, messages = [], messages + 1
                    case wire.Connected(name, connect_ms, reused, why):
                        self._meter.connected(connect_ms, reused=reused)
                        self._emit(ev.Connected(self.turn, name, connect_ms, reused, why))
                    case wire.ReasoningDelta(part):
                        self._emit(ev.Thought(self.turn, part))
                    case wire.Completed():
                        result.done, result.items = True, delta.items
                        result.usage = delta.usage
                        result.cut = delta.cut or _reached(request, delta)
                        self.service_tier = delta.service_tier or self.service_tier
                    case wire.Failed(fault):
                        result.fault = fault
                    case wire.Accepted():
                        self._meter.accepted()
        finally:
            if isinstance(deltas, AsyncGenerator):
                await deltas.aclose()
        result.text.extend(text)
        result.edits |= {call_id: "".join(parts) for call_id, parts in heard.items()}
        await self._finish(stream, result)
        return result

    async def take_text(
        self, reply: str, lane: str = "text", *, formats: Collection[Name] = NAMES
    ) -> Round:
        """A reply that is there already (`spark-tui apply`) through the same road."""
        result = Round()
        stream = EditStream(self.tree, first_hunk=self.next_hunk, formats=formats)
        await self._tell(stream.feed(reply, lane), stream, result, "")
        result.done = True
        await self._finish(stream, result)
        return result

    # -- inside ----------------------------------------------------------------
    def _hear(self, text: str) -> None:
        if self._meter.heard(text):
            self._emit(ev.FirstToken(self.turn, self._meter.ttft_ms or 0.0))

    async def _call_done(
        self,
        call: wire.CallDone,
        heard: dict[str, list[str]],
        stream: EditStream,
        result: Round,
    ) -> None:
        result.calls.append(call)
        if call.name not in EDIT_TOOLS:
            return
        result.call_hunks.setdefault(call.call_id, [])
        result.edits[call.call_id] = call.input
        lane = _lane_of_call(call.call_id, custom=call.custom)
        parts = heard.pop(call.call_id, [])
        if not parts:
            self._hear(call.input)
            pieces = stream.feed(call.input, lane)
            await self._tell(pieces, stream, result, call.call_id)
        elif "".join(parts) != call.input:
            self._differs(result, "the final edit differs from what was streamed")
        pieces = stream.end_lane(lane, complete=True)
        await self._tell(pieces, stream, result, call.call_id)

    def _differs(self, result: Round, message: str) -> None:
        result.differs = True
        result.issues.append(message)
        self._emit(ev.ReplyIssue(self.turn, "differs", message))

    async def _finish(self, stream: EditStream, result: Round) -> None:
        result.stopped = self.stopped
        if not result.done and result.fault is None and not self.stopped:
            result.fault = StreamFault(
                "The connection ended in the middle of the answer.",
                hint="Finished hunks are kept. Press Enter on an empty prompt to review them.",
            )
        complete = result.done and not result.cut and not result.issues
        await self._tell(stream.end_lanes(complete=complete), stream, result, "")
        await self._tell(stream.close(complete=complete), stream, result, "")
        self.next_hunk = stream.next_hunk

    async def _tell(
        self, pieces: Iterable[Piece], stream: EditStream, result: Round, call_id: str
    ) -> None:
        """Turn pieces into events; only an unread file or a new path makes this wait."""
        emit, turn = self._emit, self.turn
        for piece in pieces:
            match piece:
                case pc.Prose(text):
                    emit(ev.Said(turn, text))
                case pc.HunkTyping(hunk, sign, text):
                    emit(ev.HunkTyping(self._id(hunk), sign, text))
                case pc.HunkGrew(hunk, sign, text):
                    emit(ev.HunkGrew(self._id(hunk), sign, text))
                case pc.HunkOpened():
                    await self._flags_for(piece.path)
                    hid = self._id(piece.hunk)
                    result.hunks.append(hid)
                    if call_id:
                        result.call_hunks[call_id].append(hid)
                    emit(ev.HunkOpened(hid, turn, piece.path, piece.kind, piece.headers,
                                       piece.move_to))  # fmt: skip
                case pc.HunkPending(hunk, line):
                    emit(ev.HunkPending(self._id(hunk), line))
                case pc.HunkWaiting(hunk):
                    emit(ev.HunkWaiting(self._id(hunk)))
                case pc.HunkPlaced():
                    self._placed(piece)
                case pc.HunkUnplaced(hunk, base, why):
                    self._unplaced(self._id(hunk), base, why)
                case pc.NeedFile(path):
                    snapshot = await self._read(path)
                    if snapshot is not None:
                        self._state.snapshots[snapshot.digest] = snapshot
                    more = stream.provide(path, snapshot)
                    await self._tell(more, stream, result, call_id)
                case pc.Issue(code, message, _, fatal):
                    if not self.stopped:  # who stops an answer knows that it is cut
                        emit(ev.ReplyIssue(turn, code, message))
                    if fatal:
                        result.issues.append(message)
                case pc.Closed(complete):
                    result.whole = complete

    def _placed(self, piece: pc.HunkPlaced) -> None:
        hid = self._id(piece.hunk)
        hunk = self._state.hunks[hid]
        found = self.earlier.verdict(hunk, self.next_hunk, piece.base, piece.place)
        if isinstance(found, Unplaced):
            self._unplaced(hid, piece.base, found)
            return
        flags = found.flags | self._path_flags.get(hunk.path, frozenset())
        place = replace(found, flags=flags)
        base = self._state.snapshots.get(piece.base or "")
        added, removed = count(base, place)
        risk = policy.risk_of(line for edit in place.edits for line in edit.lines)
        self._meter.placed()
        self._emit(ev.HunkPlaced(hid, piece.base, place, added, removed, risk))
        old = self.earlier.answered(hunk)
        if old and self._state.hunks[old].status in (Status.UNPLACED, Status.CONFLICT):
            self._emit(ev.HunkSuperseded(old, hid))
        if place.already:
            return
        for other in list(self._state.open_hunks()):
            if other.turn == self.turn:
                is_aside = self.earlier.gives_way(other, hunk, self.next_hunk)
            else:
                is_aside = self._overlaps.found(hunk, other)
            if is_aside:
                self._emit(ev.HunkSuperseded(other.id, hid))

    def _unplaced(self, hid: HunkId, base: str | None, why: Unplaced) -> None:
        """Without a place, unless it is in the file already because it was sent before."""
        hunk = self._state.hunks[hid]
        twin = self.earlier.recognised(hunk, self.next_hunk)
        if twin is not None and twin.place is not None:
            there = replace(twin.place, edits=(), already=True)
            self._emit(ev.HunkPlaced(hid, twin.base, there, 0, 0))
            return
        self._emit(ev.HunkUnplaced(hid, base, why))
        if self.earlier.holds and (old := self.earlier.answered(hunk)):
            self._emit(ev.HunkSuperseded(old, hid))

    async def _flags_for(self, path: str) -> None:
        if path not in self._path_flags:
            self._path_flags[path] = policy.path_flags(path, ignored=await self._ignored(path))

    def _id(self, hunk: int) -> HunkId:
        return HunkId(f"t{self.turn}h{hunk}")


def _reached(request: Request, done: wire.Completed) -> str:
    """Some servers call an answer complete that ended at the cap it was given."""
    most, used = request.max_output_tokens, done.usage
    is_call = any(isinstance(item, wire.ToolCall) for item in done.items)
    if most is None or used is None or is_call or used.output_tokens < most:
        return ""
    return "max_output_tokens"


def _lane_of_call(call_id: str, *, custom: bool) -> str:
    """The input of a custom tool is the text itself, that of a function a JSON document."""
    return f"call:{call_id}" if custom else f"json:{call_id}"


def _lane(message: int) -> str:
    """Each message of an answer is a lane of text of its own."""
    return f"text/{message}" if message else "text"
