"""The JSON document, schema 1: a public contract, the same for every verb that touches hunks.

The rule kept here: keys and words change only with the schema number; text is raw, non-ASCII is
escaped by whoever writes it, a path that is not UTF-8 comes as `path_b64`.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spark_tui.edits.changeset import Kind
from spark_tui.edits.snapshot import Snapshot
from spark_tui.errors import SparkFault
from spark_tui.session.events import HunkId, Outcome, TurnFigures
from spark_tui.session.state import HunkState, SessionState, Status, TurnState

SCHEMA = 1
Problem = Mapping[str, str]


def problem(code: str, message: str, hint: str = "") -> Problem:
    """One row of `errors`."""
    return {"code": code, "message": message, "hint": hint}


def of_fault(fault: SparkFault) -> Problem:
    return problem(fault.code, fault.message, fault.hint)


def bare(status: str, errors: Sequence[Problem] = ()) -> dict[str, Any]:
    """A document without a session: a fault before one was open."""
    return {
        "schema": SCHEMA,
        "session": None,
        "turn": None,
        "status": status,
        "checkpoint": None,
        "files": [],
        "errors": list(errors),
        "usage": None,
        "timing": None,
    }


def of_hunks(
    state: SessionState,
    hunks: Iterable[HunkState],
    *,
    turn: TurnState | None = None,
    errors: Sequence[Problem] = (),
    with_text: bool = False,
    status: str = "",
) -> dict[str, Any]:
    """The document about these hunks; with a turn, also what it used and how long it took."""
    listed = list(hunks)
    body = bare(status or status_of(listed, turn), errors)
    body["session"] = state.session
    body["turn"] = turn.turn if turn else None
    body["checkpoint"] = _checkpoint(state, [h.id for h in listed])
    by_path: dict[str, list[HunkState]] = {}
    for hunk in listed:
        by_path.setdefault(hunk.path, []).append(hunk)
    body["files"] = [
        {
            **path_fields(path),
            "change": change_of(mine),
            "hunks": [_hunk(state, h, with_text=with_text) for h in mine],
        }
        for path, mine in by_path.items()
    ]
    if turn is not None:
        body["usage"] = _usage(turn)
        body["timing"] = _timing(turn)
    return body


def _usage(turn: TurnState) -> dict[str, Any]:
    use, figures = turn.usage, turn.figures or TurnFigures()
    return {
        "input": use.input,
        "cached": use.cached,
        "output": use.output,
        "reasoning": use.reasoning,
        "estimated": use.estimated,
        "cost": figures.cost,
        "service_tier": figures.service_tier or None,
    }


def _timing(turn: TurnState) -> dict[str, Any]:
    """What was not measured is null; a turn that asked nobody has no other moment than its end."""
    figures = turn.figures
    was_sent = figures is not None and figures.sent_ms is not None
    return {
        "connect_ms": _ms(figures.connect_ms if figures and was_sent else turn.connect_ms),
        "sent_ms": _ms(figures.sent_ms if figures else None),
        "round_trip_ms": _ms(figures.round_trip_ms if figures else None),
        "ttft_ms": _ms(turn.ttft_ms),
        "first_hunk_ms": _ms(figures.first_hunk_ms if figures else None),
        "total_ms": _ms(turn.duration_ms),
        "tokens_per_s": _ms(figures.tokens_per_s or None if figures else None),
        "rounds": figures.rounds if figures else 0,
        "reused": figures.reused if figures else None,
    }


def status_of(hunks: Sequence[HunkState], turn: TurnState | None = None) -> str:
    """applied, pending, refused, conflict, interrupted or error, the gravest first."""
    match turn.outcome if turn else None:
        case Outcome.FAILED:
            return "error"
        case Outcome.INTERRUPTED:
            return "interrupted"
        case Outcome.INCOMPLETE:
            return "refused"
        case _:
            found = {h.status for h in hunks}
    if Status.CONFLICT in found:
        return "conflict"
    if found & {Status.UNPLACED, Status.GROWING, Status.WAITING}:
        return "refused"
    return "pending" if Status.PLACED in found else "applied"


def change_of(hunks: Sequence[HunkState]) -> str:
    """What becomes of the file: add, update, delete, move or mode."""
    kinds = {h.kind for h in hunks}
    for kind in (Kind.DELETE, Kind.MOVE, Kind.ADD):
        if kind in kinds:
            return kind.value
    return "mode" if kinds == {Kind.MODE} else "update"


def reason_of(hunk: HunkState) -> str:
    """Why it is not written, or why a placed one deserves a look; "" when there is nothing."""
    if hunk.status in (Status.UNPLACED, Status.CONFLICT, Status.SUPERSEDED):
        return hunk.message or (hunk.why.message if hunk.why else "")
    if hunk.met is not None and (hunk.met.message or hunk.met.already):
        return hunk.met.message or "the file has this already"
    return hunk.risk


def path_fields(path: str) -> dict[str, str]:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return {"path_b64": base64.b64encode(os.fsencode(path)).decode("ascii")}
    return {"path": path}


def _hunk(state: SessionState, hunk: HunkState, *, with_text: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": hunk.id,
        "kind": hunk.kind.value,
        "status": hunk.status.value,
        "reason": reason_of(hunk),
        "flags": sorted(f.value for f in hunk.flags),
        "start": hunk.place.start + 1 if hunk.place else None,
        "added": hunk.added,
        "removed": hunk.removed,
    }
    if hunk.move_to is not None:
        row["move_to"] = hunk.move_to
    if hunk.met is not None and hunk.met.moved_by:
        row["moved_by"] = hunk.met.moved_by
    if with_text:
        row["old"], row["new"] = _sides(state.snapshots.get(hunk.base or ""), hunk)
    return row


def _sides(base: Snapshot | None, hunk: HunkState) -> tuple[str, str]:
    """Old and new lines, from the file where the place is proven, else as the model wrote them."""
    place = hunk.place
    if place is None or (base is None and hunk.base is not None):
        old = [text for sign, text in hunk.lines if sign != "+"]
        new = [text for sign, text in hunk.lines if sign != "-"]
        return "\n".join(old), "\n".join(new)
    lines = base.lines if base else ()
    new = []
    at = place.start
    for edit in sorted(place.edits, key=lambda e: (e.start, e.end)):
        new += lines[at : edit.start]
        new += edit.lines
        at = edit.end
    new += lines[at : place.end]
    return "\n".join(lines[place.start : place.end]), "\n".join(new)


def _checkpoint(state: SessionState, hunks: Sequence[HunkId]) -> str | None:
    wanted = set(hunks)
    for write in reversed(state.writes):
        if wanted & set(write.hunks):
            return write.checkpoint
    return None


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
