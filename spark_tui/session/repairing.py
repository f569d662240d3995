"""Which hunks the model is asked to send again, and the message that asks it.

The rule kept here: a message quotes a file only if the model may see it. Reasons that a new attempt
cannot mend (a refused path, binary data) are never sent. When and how often is answering.py's
business, the words about one hunk are edits/repair.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from spark_tui.edits.changeset import Hunk
from spark_tui.edits.pieces import Sign
from spark_tui.edits.repair import repair_text
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import HunkId
from spark_tui.session.shelf import is_secret
from spark_tui.session.state import HunkState, SessionState, Status

HOPELESS = frozenset({"path", "binary"})
"""Causes that asking again cannot mend; a refused path may be an attack."""
_MOST_SHOWN = 8
"""Hunks whose surroundings are quoted in one message; of more only the reasons."""


@dataclass(frozen=True, slots=True)
class Lost:
    """One hunk without a place as it is told: plain values, so that a thread may make the text."""

    hunk: Hunk
    base: Snapshot | None
    """What may be quoted of the file."""
    lines: tuple[tuple[Sign, str], ...]
    headers: tuple[str, ...]
    total: int
    held: int

    def text(self) -> str:
        return repair_text(
            self.hunk, self.base, total=self.total, held=self.held, written=self.lines,
            headers=self.headers,
        )  # fmt: skip


def may_be_repaired(hunks: Iterable[HunkState]) -> bool:
    """None of these is without hope; an answer that cannot become whole is not worth a request."""
    return all(h.why is not None and h.why.code not in HOPELESS for h in hunks)


def lost_of(
    state: SessionState, hunk: HunkState, siblings: Sequence[HunkId], *, may_quote: bool
) -> Lost | None:
    """The hunk beside the others of its answer; None if it has a place."""
    if hunk.why is None or hunk.status is not Status.UNPLACED:
        return None
    held = sum(1 for h in siblings if state.hunks[h].status is Status.PLACED)
    number = siblings.index(hunk.id) + 1 if hunk.id in siblings else 1
    base = state.snapshots.get(hunk.base or "") if may_quote else None
    return Lost(
        Hunk(number, hunk.path, hunk.kind, hunk.base, hunk.why, hunk.move_to),
        base, tuple(hunk.lines), hunk.headers, max(1, len(siblings)), held,
    )  # fmt: skip


def message(lost: Sequence[Lost]) -> str:
    """All of them, to be sent at once."""
    many = len(lost)
    total = lost[0].total
    were = "was" if many == 1 else "were"
    head = f"Nothing is written yet: {many} of {total} edits {were} not applied."
    if many > 1:
        head += " Send these again, all in one answer, and no others."
    shown = [one.text() for one in lost[:_MOST_SHOWN]]
    brief = [replace(one, base=None, lines=()).text() for one in lost[_MOST_SHOWN:]]
    return "\n\n".join([head, *shown, *brief])


def may_quote(path: str, base: Snapshot | None, files: Sequence[str], *, was_seen: bool) -> bool:
    """Whether lines of this file may go to the model that did not send for it."""
    if base is None or was_seen:
        return base is not None
    return path in files and not is_secret(base)
