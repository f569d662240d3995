"""What was said between person and model, as items for the next request.

The rule kept here: we own the transcript; a server-side id is only an optimisation of the wire.
Every tool call in it is answered exactly once before the next thing is said. What a file looked
like to the model is remembered by digest, so that only changes are sent again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from spark_tui.edits.changeset import Kind
from spark_tui.edits.compose import EncodeRefused, compose
from spark_tui.edits.news import news
from spark_tui.edits.snapshot import Snapshot
from spark_tui.model.provider import AssistantText, Item, ToolCall, ToolOutput, UserText
from spark_tui.session.context_items import Prompt, Tally, tally, turn_key, without
from spark_tui.session.events import HunkId
from spark_tui.session.merging import edits_of
from spark_tui.session.policy import is_secret_name
from spark_tui.session.shelf import is_secret
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.session.terms import file_key

_SETTLED = frozenset(
    {Status.ACCEPTED, Status.REJECTED, Status.UNDONE, Status.ALREADY_THERE, Status.SUPERSEDED,
     Status.UNPLACED}
)  # fmt: skip
"""The model is told of these once; of open hunks with each request."""


_REPEATED = 3
"""Unanswered prompts that the next request repeats at most."""


@dataclass(frozen=True, slots=True)
class OwedOutput:
    """An edit call that is answered with the next request, when its hunks are decided."""

    call: ToolCall
    hunks: tuple[HunkId, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the conversation, to come back to."""

    items: tuple[Item, ...]
    starts: tuple[int, ...]
    owed: tuple[OwedOutput, ...]
    told: frozenset[HunkId]
    seen: tuple[tuple[str, str], ...]
    read: tuple[tuple[str, tuple[int, str]], ...]
    unanswered: tuple[str, ...]


@dataclass(slots=True)
class Conversation:
    items: list[Item] = field(default_factory=list)
    """All of it, also what a person left out: see `sent`."""
    starts: list[int] = field(default_factory=list)
    """Where the prompts of turns stand in it."""
    owed: list[OwedOutput] = field(default_factory=list)
    told: set[HunkId] = field(default_factory=set)
    """Hunks whose fate the model has been told."""
    seen: dict[str, str] = field(default_factory=dict)
    """path -> digest of the bytes the model was last shown."""
    read: dict[str, tuple[int, str]] = field(default_factory=dict)
    """path -> turn and call, where it was shown last as the output of a tool."""
    unanswered: list[str] = field(default_factory=list)
    """Prompts of which nothing came: the next request repeats them."""
    revision: int = 0
    """Another one: turns that are over may have changed."""
    _over: list[Tally] = field(default_factory=list)
    """Of the turns that are over."""

    def mark(self) -> Mark:
        return Mark(
            tuple(self.items), tuple(self.starts), tuple(self.owed), frozenset(self.told),
            tuple(self.seen.items()), tuple(self.read.items()), tuple(self.unanswered),
        )  # fmt: skip

    def back_to(self, mark: Mark) -> None:
        """As if nothing had been said since."""
        self.items[:] = mark.items
        self.starts[:] = mark.starts
        self.owed[:] = mark.owed
        self.told = set(mark.told)
        self.seen = dict(mark.seen)
        self.read = dict(mark.read)
        self.unanswered[:] = mark.unanswered
        self._measure_anew()

    # -- turns -----------------------------------------------------------------
    def ask(self, prompt: Prompt, outputs: Sequence[Item] = ()) -> None:
        """Begin a turn; `outputs` are what calls of the last one are still owed."""
        self.items += outputs
        self.starts.append(len(self.items))
        self.items.append(prompt)

    def saw(self, snapshot: Snapshot, *, call: str = "") -> None:
        """The model was shown this file: in the prompt, or as the output of a call."""
        self.seen[snapshot.path] = snapshot.digest
        if call:
            self.read[snapshot.path] = (self._turn_at(-1), call)
        else:
            self.read.pop(snapshot.path, None)

    def forget(self, paths: Iterable[str]) -> None:
        """These were left out and are shown anew: what stood there before is gone for good."""
        for path in paths:
            for at in self.starts:
                prompt = self.items[at]
                if isinstance(prompt, Prompt):
                    self.items[at] = prompt.forgetting(path)
        self._measure_anew()

    def groups(self) -> list[Sequence[Item]]:
        """The items, turn by turn."""
        return [self.items[a:b] for a, b in self._spans(0)]

    def sent(self, dropped: frozenset[str], *, whole_last: bool = True) -> tuple[Item, ...]:
        """The items of a request: all but what was left out. The turn that asks is whole."""
        if not dropped:
            return tuple(UserText(i.text) if isinstance(i, Prompt) else i for i in self.items)
        return without(self.groups(), dropped, whole_last=whole_last)

    def tallies(self) -> tuple[Sequence[Tally], Tally | None]:
        """Those of the turns that are over, and the last one's. Only that is measured anew."""
        for a, b in self._spans(len(self._over))[:-1]:
            self._over.append(tally(self.items[a:b]))
        last = tally(self.items[self.starts[-1] :]) if self.starts else None
        return self._over, last

    def still_seen(self, dropped: frozenset[str]) -> dict[str, str]:
        """Of the files that the model was shown those that it has still before it."""
        if not dropped:
            return dict(self.seen)
        lost = self._lost_calls(dropped)
        return {
            path: digest
            for path, digest in self.seen.items()
            if file_key(path) not in dropped and not self._is_lost(path, dropped, lost)
        }

    def _is_lost(
        self, path: str, dropped: frozenset[str], lost: Container[tuple[int, str]]
    ) -> bool:
        where = self.read.get(path)
        return where is not None and (turn_key(where[0]) in dropped or where in lost)

    def _lost_calls(self, dropped: frozenset[str]) -> set[tuple[int, str]]:
        """Turn and call of the outputs that were left out."""
        over, last = self.tallies()
        return {
            (one.turn, output.call_id)
            for one in (*over, *([last] if last else []))
            for output in one.outputs
            if output.key in dropped
        }

    def _spans(self, first: int) -> list[tuple[int, int]]:
        return list(pairwise([*self.starts[first:], len(self.items)]))

    def _turn_at(self, at: int) -> int:
        prompt = self.items[self.starts[at]] if self.starts else None
        return prompt.turn if isinstance(prompt, Prompt) else 0

    def _measure_anew(self) -> None:
        self._over.clear()
        self.revision += 1

    def drop_unanswered(self) -> None:
        """A repair that was never sent, or of which nothing came, is over with its turn."""
        if self.items and isinstance(self.items[-1], UserText):
            self.items.pop()

    def repeated(self, prompt: str) -> str:
        """What was asked for in vain before, to stand in front of this prompt."""
        old = [p for p in dict.fromkeys(self.unanswered) if p not in prompt][-_REPEATED:]
        return "".join(f"[asked before, not answered]\n{p}\n\n" for p in old)

    def owing(self, state: SessionState, shown: Container[str] = ()) -> tuple[list[Item], str]:
        """Outputs owed for earlier edit calls, and a note on all other hunks; of files that are
        not `shown` as a whole, the new text around what was applied, too."""
        outputs: list[Item] = [
            ToolOutput(
                o.call.call_id, with_news(state, o.hunks, self.told, shown), custom=o.call.custom
            )
            for o in self.owed
        ]
        loose = self._loose(state)
        return outputs, with_news(state, loose, self.told, shown) if loose else ""

    def settle(self, state: SessionState, shown: Container[str] = ()) -> tuple[list[Item], str]:
        """The same, and now the model knows."""
        owing = self.owing(state, shown)
        self.tell(state, (*self._covered(state), *self._loose(state)))
        self.owed.clear()
        return owing

    def settle_calls(self, state: SessionState, shown: Container[str] = ()) -> list[Item]:
        """Only the outputs that are owed; all other hunks are told of with a later prompt."""
        outputs = self.owing(state, shown)[0]
        self.tell(state, self._covered(state))
        self.owed.clear()
        return outputs

    def _covered(self, state: SessionState) -> set[HunkId]:
        return {h for o in self.owed for h in state.standing(o.hunks)}

    def _loose(self, state: SessionState) -> list[HunkId]:
        known = self.told | self._covered(state)
        return [h for h in state.standing(state.hunks) if h not in known]

    def tell(self, state: SessionState, hunks: Iterable[HunkId]) -> None:
        """The model knows of these; what is still open it is told of again."""
        settled = (h for h in state.standing(hunks) if state.hunks[h].status in _SETTLED)
        self.told.update(settled)

    def recall(self, state: SessionState) -> None:
        """What was said in earlier runs of this session; files are shown anew when needed."""
        for turn in state.turns.values():
            said = "".join(p.text for p in turn.parts if p.kind == "said").strip()
            edits = fate(state, turn.hunks) if turn.hunks else ""
            body = f"{said}\n\n[edits: {edits}]" if edits else said
            if body.strip():
                self.ask(Prompt.of(turn.turn, turn.prompt))
                self.items.append(AssistantText(body.strip()))
            self.tell(state, turn.hunks)


def fate(state: SessionState, hunks: Sequence[HunkId]) -> str:
    """What became of these hunks, in words for the model."""
    if not hunks:
        return "No files were modified."
    rows: dict[str, list[str]] = {}
    for hid in state.standing(hunks):
        hunk = state.hunks[hid]
        match hunk.status:
            case Status.ACCEPTED | Status.ALREADY_THERE:
                rows.setdefault("applied", []).append(hunk.path)
            case Status.REJECTED | Status.UNDONE:
                rows.setdefault("rejected by the user, do not propose again unasked", []).append(
                    f"{hunk.path} ({_gist(hunk.lines)})"
                )
            case Status.PLACED | Status.GROWING | Status.WAITING:
                rows.setdefault("proposed, not decided yet (not on disk)", []).append(
                    f"{hunk.path} ({_gist(hunk.lines)})"
                )
            case Status.SUPERSEDED:
                rows.setdefault("replaced by a later edit", []).append(hunk.path)
            case Status.UNPLACED | Status.CONFLICT:
                rows.setdefault("not applied", []).append(f"{hunk.path}: {_why(state, hunk)}")
    if set(rows) == {"applied"}:
        listed = "\n".join(f"M {p}" for p in dict.fromkeys(rows["applied"]))
        return f"Success. Updated the following files:\n{listed}"
    return "\n".join(f"{k}: {', '.join(dict.fromkeys(v))}" for k, v in rows.items())


def _why(state: SessionState, hunk: HunkState) -> str:
    """The reason; one that quotes a file which stays home only by its name."""
    if hunk.why is None:
        return hunk.message
    base = state.snapshots.get(hunk.base or "")
    is_private = is_secret(base) if base else is_secret_name(hunk.path)
    return f"[code: {hunk.why.code}]" if is_private else hunk.why.message


def with_news(
    state: SessionState,
    hunks: Sequence[HunkId],
    told: Container[HunkId] = (),
    shown: Container[str] = (),
) -> str:
    """The fate of these hunks, and the new text around those that were applied just now: a model
    that does not know its own edits writes the next one against a file that is gone."""
    said = fate(state, hunks)
    groups: dict[tuple[str, str], list[HunkState]] = {}
    for hid in state.standing(hunks):
        hunk = state.hunks[hid]
        is_new = hunk.status is Status.ACCEPTED and hunk.kind is Kind.EDIT and hid not in told
        if is_new and hunk.base and hunk.path not in shown:
            groups.setdefault((hunk.path, hunk.base), []).append(hunk)
    texts = [_news(state, path, base, mine) for (path, base), mine in groups.items()]
    return "\n\n".join([said, *(text for text in texts if text)])


def _news(state: SessionState, path: str, digest: str, mine: Sequence[HunkState]) -> str:
    """What the file has there now; "" where that is not certain, or the file stays home."""
    base = state.snapshots.get(digest)
    if base is None or is_secret(base):
        return ""
    inside = [
        h
        for h in state.hunks.values()
        if (h.path, h.base, h.kind, h.status) == (path, digest, Kind.EDIT, Status.ACCEPTED)
    ]
    try:
        now = Snapshot.of(path, compose(base, edits_of(inside)), base.mode)
    except EncodeRefused:
        return ""
    written = (w for act in reversed(state.writes) for w in act.writes if w.path == path)
    last = next(written, None)
    if last is None or last.after != now.digest or is_secret(now):
        return ""
    return news(base, now, edits_of(mine))


def file_block(snapshot: Snapshot) -> str:
    """A file as the model is shown it."""
    text = "\n".join(snapshot.lines).encode("utf-8", "replace").decode("utf-8")
    return f'<file path="{snapshot.path}">\n{text}\n</file>\n'


def cut_note(said: str, edits: Sequence[str], *, stopped: bool) -> Item:
    """What an answer without an end leaves in the history: calls become text, since a call
    without its end has no place in a request."""
    parts = [said.strip(), *(e.strip() for e in edits)]
    end = "interrupted by the user here" if stopped else "the connection broke here"
    return AssistantText("\n\n".join(p for p in (*parts, f"[{end}]") if p))


def _gist(lines: Sequence[tuple[str, str]]) -> str:
    for sign, text in lines:
        if sign == "+" and text.strip():
            return text.strip()[:60]
    return "removal"
