"""What was said between person and model, as items for the next request.

The rule kept here: we own the transcript; a server-side id is only an optimisation of the wire.
What a file looked like to the model is remembered by digest, so that only changes are sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from spark_tui.edits.snapshot import Snapshot
from spark_tui.model.provider import AssistantText, Item, Opaque, ToolCall, ToolOutput, UserText
from spark_tui.session.events import HunkId
from spark_tui.session.state import SessionState, Status


@dataclass(frozen=True, slots=True)
class OwedOutput:
    """An edit call that is answered with the next request, when its hunks are decided."""

    call: ToolCall
    hunks: tuple[HunkId, ...]


@dataclass(slots=True)
class Conversation:
    items: list[Item] = field(default_factory=list)
    owed: list[OwedOutput] = field(default_factory=list)
    told: set[HunkId] = field(default_factory=set)
    """Hunks whose fate the model has been told."""
    seen: dict[str, str] = field(default_factory=dict)
    """path -> digest of the bytes the model was last shown."""

    @property
    def chars(self) -> int:
        """Characters of everything so far."""
        return sum(_length(i) for i in self.items)

    def settle(self, state: SessionState) -> tuple[list[Item], str]:
        """Outputs owed for earlier edit calls, and a note on hunks proposed in plain text."""
        outputs: list[Item] = [
            ToolOutput(o.call.call_id, fate(state, o.hunks), custom=o.call.custom)
            for o in self.owed
        ]
        covered = {h for o in self.owed for h in o.hunks}
        self.told |= covered
        loose = [h for h in state.hunks if h not in self.told]
        self.told |= set(loose)
        self.owed.clear()
        return outputs, fate(state, loose) if loose else ""


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
                pass
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


def cut_note(said: str, edits: str) -> Item:
    """What an interrupted answer leaves in the history."""
    body = said.strip()
    if edits.strip():
        body += "\n\n" + edits.strip()
    return AssistantText(f"{body}\n\n[interrupted by the user here]".strip())


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
