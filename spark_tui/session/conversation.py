"""What was said between person and model, as items for the next request.

The rule kept here: we own the transcript; a server-side id is only an optimisation of the wire.
Every tool call in it is answered exactly once before the next thing is said. What a file looked
like to the model is remembered by digest, so that only changes are sent again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from spark_tui.edits.changeset import Kind
from spark_tui.edits.compose import EncodeRefused, compose
from spark_tui.edits.news import news
from spark_tui.edits.snapshot import Snapshot
from spark_tui.model.provider import AssistantText, Item, Opaque, ToolCall, ToolOutput, UserText
from spark_tui.session.events import HunkId
from spark_tui.session.merging import edits_of
from spark_tui.session.policy import is_secret_name
from spark_tui.session.shelf import is_secret
from spark_tui.session.state import HunkState, SessionState, Status

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

    def drop_unanswered(self) -> None:
        """A repair that was never sent, or of which nothing came, is over with its turn."""
        if self.items and isinstance(self.items[-1], UserText):
            self.items.pop()

    def repeated(self, prompt: str) -> str:
        """What was asked for in vain before, to stand in front of this prompt."""
        asked, self.unanswered = self.unanswered, []
        old = [p for p in dict.fromkeys(asked) if p not in prompt][-_REPEATED:]
        return "".join(f"[asked before, not answered]\n{p}\n\n" for p in old)

    def settle(self, state: SessionState, shown: Container[str] = ()) -> tuple[list[Item], str]:
        """Outputs owed for earlier edit calls, and a note on all other hunks; of files that are
        not `shown` as a whole, the new text around what was applied, too."""
        outputs: list[Item] = [
            ToolOutput(
                o.call.call_id, with_news(state, o.hunks, self.told, shown), custom=o.call.custom
            )
            for o in self.owed
        ]
        covered = {h for o in self.owed for h in state.standing(o.hunks)}
        known = self.told | covered
        loose = [h for h in state.standing(state.hunks) if h not in known]
        note = with_news(state, loose, self.told, shown) if loose else ""
        self.tell(state, (*covered, *loose))
        self.owed.clear()
        return outputs, note

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
                self.items += [UserText(turn.prompt), AssistantText(body.strip())]
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
