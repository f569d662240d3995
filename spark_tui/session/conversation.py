"""What was said between person and model, as items for the next request.

The rule kept here: we own the transcript; a server-side id is only an optimisation of the wire.
Every tool call in it is answered exactly once before the next thing is said. What a file looked
like to the model is remembered by digest, so that only changes are sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from spark_tui.edits.snapshot import Snapshot
from spark_tui.model.provider import AssistantText, Item, Opaque, ToolCall, ToolOutput, UserText
from spark_tui.session.events import HunkId
from spark_tui.session.state import SessionState, Status

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
    owed: tuple[OwedOutput, ...]
    told: frozenset[HunkId]
    seen: tuple[tuple[str, str], ...]
    unanswered: tuple[str, ...]


@dataclass(slots=True)
class Conversation:
    items: list[Item] = field(default_factory=list)
    owed: list[OwedOutput] = field(default_factory=list)
    told: set[HunkId] = field(default_factory=set)
    """Hunks whose fate the model has been told."""
    seen: dict[str, str] = field(default_factory=dict)
    """path -> digest of the bytes the model was last shown."""
    unanswered: list[str] = field(default_factory=list)
    """Prompts of which nothing came: the next request repeats them."""

    @property
    def chars(self) -> int:
        """Characters of everything so far."""
        return sum(_length(i) for i in self.items)

    def mark(self) -> Mark:
        return Mark(
            tuple(self.items), tuple(self.owed), frozenset(self.told),
            tuple(self.seen.items()), tuple(self.unanswered),
        )  # fmt: skip

    def back_to(self, mark: Mark) -> None:
        """As if nothing had been said since."""
        self.items[:] = mark.items
        self.owed[:] = mark.owed
        self.told = set(mark.told)
        self.seen = dict(mark.seen)
        self.unanswered[:] = mark.unanswered

    def repeated(self, prompt: str) -> str:
        """What was asked for in vain before, to stand in front of this prompt."""
        asked, self.unanswered = self.unanswered, []
        old = [p for p in dict.fromkeys(asked) if p not in prompt][-_REPEATED:]
        return "".join(f"[asked before, not answered]\n{p}\n\n" for p in old)

    def settle(self, state: SessionState) -> tuple[list[Item], str]:
        """Outputs owed for earlier edit calls, and a note on all other hunks."""
        outputs: list[Item] = [
            ToolOutput(o.call.call_id, fate(state, o.hunks), custom=o.call.custom)
            for o in self.owed
        ]
        covered = {h for o in self.owed for h in o.hunks}
        loose = [h for h in state.hunks if h not in self.told and h not in covered]
        self.tell(state, (*covered, *loose))
        self.owed.clear()
        return outputs, fate(state, loose) if loose else ""

    def tell(self, state: SessionState, hunks: Iterable[HunkId]) -> None:
        """The model knows of these; what is still open it is told of again."""
        self.told |= {h for h in hunks if state.hunks[h].status in _SETTLED}

    def recall(self, state: SessionState) -> None:
        """What was said in earlier runs of this session; files are shown anew when needed."""
        for turn in state.turns.values():
            said = "".join(p.text for p in turn.parts if p.kind == "said").strip()
            edits = fate(state, turn.hunks) if turn.hunks else ""
            body = f"{said}\n\n[edits: {edits}]" if edits else said
            if body.strip():
                self.items += [UserText(turn.prompt), AssistantText(body.strip())]
            self.tell(state, turn.hunks)


def fate(state: SessionState, hunks: Sequence[HunkId]) -> str:
    """What became of these hunks, in words for the model."""
    if not hunks:
        return "No files were modified."
    rows: dict[str, list[str]] = {}
    for hid in hunks:
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
                why = hunk.why.message if hunk.why else hunk.message
                rows.setdefault("not applied", []).append(f"{hunk.path}: {why}")
    if set(rows) == {"applied"}:
        listed = "\n".join(f"M {p}" for p in dict.fromkeys(rows["applied"]))
        return f"Success. Updated the following files:\n{listed}"
    return "\n".join(f"{k}: {', '.join(dict.fromkeys(v))}" for k, v in rows.items())


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


def _length(item: Item) -> int:
    match item:
        case UserText(text) | AssistantText(text):
            return len(text)
        case ToolCall():
            return len(item.input) + 40
        case ToolOutput():
            return len(item.output) + 40
        case Opaque():
            return 400
