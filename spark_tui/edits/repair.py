"""An unplaced hunk as a short message to the model.

The rule kept here: the message quotes the file as it is now and asks for this hunk alone, in at
most forty lines. Whether and when it is sent is the session's decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from spark_tui.edits.changeset import Hunk, Unplaced
from spark_tui.edits.snapshot import Snapshot

_MOST_LINES = 40
_AROUND = 4
_WIDEST = 200

_ASKS = {
    "ambiguous": "add lines that stand in one of these places only, or name the enclosing "
    "definition, and send only this edit again",
    "path": "",
    "binary": "",
    "encoding": "use ASCII text only, and send only this edit again",
    "no_file": "send only this edit again, with the right path",
    "exists": "to change the file, send edits that name the lines to change",
    "overlap": "put both changes of these lines into one edit, and send only that",
    "abbreviated": "write the code out in full, and send only this edit again",
    "truncated": "send this edit again, from its beginning",
}


def repair_text(
    hunk: Hunk,
    base: Snapshot | None,
    *,
    total: int,
    held: int,
    written: Sequence[tuple[str, str]] = (),
) -> str:
    """What to tell the model about this hunk.

    `total` edits were in the reply, `held` of them have a place; `written` are the hunk's own
    lines as (sign, text), quoted where the reason alone does not show them.
    """
    if not isinstance(hunk.place, Unplaced):
        raise ValueError(f"hunk {hunk.number} has a place")
    why = hunk.place
    others = f" ({held} others are held, do not send them again)" if held else ""
    lines = [
        f"edit {hunk.number} of {total}, {hunk.path}: not applied{others}",
        f"reason: {why.message} [code: {why.code}]",
    ]
    size = sum(1 for sign, _ in written if sign != "+")
    lines += _quoted(written, why.code)
    if base is not None:
        lines += _places(base, why, max(1, size), _MOST_LINES - len(lines) - 1)
    asks = _ASKS.get(why.code, "send only this edit again, against the text above")
    return "\n".join([*lines[: _MOST_LINES - 1], asks] if asks else lines[:_MOST_LINES])


def _quoted(written: Sequence[tuple[str, str]], code: str) -> list[str]:
    """The first lines of the old side, so that the model knows which edit is meant."""
    if code not in ("not_found", "malformed", "truncated", "overlap"):
        return []
    old = [text for sign, text in written if sign != "+"]
    return [f"  you wrote | {_cut(text)}" for text in old[:6]]


def _places(base: Snapshot, why: Unplaced, size: int, room: int) -> list[str]:
    """The file around each candidate, as far as there is room."""
    out: list[str] = []
    if not why.candidates:
        return out
    each = max(3, room // len(why.candidates) - 1)
    for start in why.candidates:
        if why.code == "ambiguous":
            definition = enclosing(base, start)
            inside = f", below {definition!r}" if definition else ""
        else:
            inside = ""
        first = max(0, start - _AROUND if why.code != "ambiguous" else start - 1)
        last = min(len(base.lines), start + size + _AROUND, first + each)
        if len(out) + 1 + last - first > room:
            break
        out.append(f"current text, lines {first + 1}-{last}{inside}:")
        out += [f"  {i + 1:>5} | {_cut(base.lines[i])}" for i in range(first, last)]
    return out


def enclosing(base: Snapshot, line: int) -> str:
    """The nearest line above that is indented less: what an @@ header would name."""
    lines = base.lines
    if not 0 <= line < len(lines):
        return ""
    depth = _depth(lines[line])
    for i in range(line - 1, -1, -1):
        text = lines[i]
        if text.strip() and _depth(text) < depth and text.strip()[0] not in ")]}{":
            return text.strip()
    return ""


def _depth(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())


def _cut(line: str) -> str:
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"
