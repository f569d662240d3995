"""An unplaced hunk as a short message to the model.

The rule kept here: the message quotes the file as it is and asks for this hunk alone, in at most
forty lines. Whether and when it is sent, and which files may be quoted, is the session's decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from spark_tui.edits.apart import Apart, apart
from spark_tui.edits.changeset import Hunk, Unplaced
from spark_tui.edits.index import FileIndex, soft_key
from spark_tui.edits.nearest import diverging, similar
from spark_tui.edits.snapshot import Snapshot

_MOST_LINES = 40
_AROUND = 4
_WIDEST = 200
_QUOTED = 6
_MOST_PLACES = 12

_HEADING = "current text, "
_AGAINST_THIS = "send only this edit again, against the text above"
_AGAINST_FILE = "send only this edit again, with its old text copied from the file"
_ASKS = {
    "ambiguous": "make this edit say which place it means, and send only this edit again",
    "path": "",
    "binary": "",
    "encoding": "use ASCII text only, and send only this edit again",
    "no_file": "send only this edit again, with the right path",
    "exists": "to change the file, send edits that name the lines to change",
    "overlap": "put both changes of these lines into one edit, and send only that",
    "abbreviated": "write the code out in full, and send only this edit again",
    "truncated": "send this edit again, from its beginning",
    "already_there": "if the line is wanted twice, send only this edit again, with the lines that "
    "stay around it",
    "malformed": "send only this edit again, in the form that was asked for",
}


def repair_text(
    hunk: Hunk,
    base: Snapshot | None,
    *,
    total: int,
    held: int,
    written: Sequence[tuple[str, str]] = (),
    headers: Sequence[str] = (),
) -> str:
    """What to tell the model about this hunk.

    `total` edits were in the reply, `held` of them have a place; `written` are the hunk's own
    lines as (sign, text), `headers` its @@ lines. Without `base` nothing of the file is quoted.
    """
    why = hunk.place
    if not isinstance(why, Unplaced):
        raise ValueError(f"hunk {hunk.number} has a place")
    old = [text for sign, text in written if sign != "+"]
    reason, body = why.message, _quoted(written, old, headers)
    room = _MOST_LINES - 3
    if base is not None:
        match why.code:
            case "diverges" if why.candidates and old:
                reason, body = _divergence(base, old, why, room)
            case "ambiguous" if why.candidates:
                body = _ambiguity(base, written, why.candidates, room)
            case "not_found":
                places = why.candidates or similar(old or headers, base.lines)
                body += _places(base, places, max(1, len(old)), room - len(body))
            case "overlap" | "already_there":
                body += _places(base, why.candidates, max(1, len(old)), room - len(body))
    elif why.code == "diverges":
        reason = "the old text differs from the file"  # the whole sentence quotes the file
    is_shown = any(line.startswith(_HEADING) for line in body)
    asks = _ASKS.get(why.code, _AGAINST_THIS if is_shown else _AGAINST_FILE)
    lines = [
        f"edit {hunk.number} of {total}, {hunk.path}: not applied{_others(held)}",
        f"reason: {reason} [code: {why.code}]",
        *body[:room],
    ]
    return "\n".join([*lines, asks] if asks else lines)


def _others(held: int) -> str:
    if not held:
        return ""
    who = "1 other is" if held == 1 else f"{held} others are"
    return f" ({who} held, do not send {'it' if held == 1 else 'them'} again)"


def _quoted(
    written: Sequence[tuple[str, str]], old: Sequence[str], headers: Sequence[str]
) -> list[str]:
    """The first lines of the hunk, so that the model knows which edit is meant."""
    shown = list(old) or [*(f"@@ {h}" for h in headers), *(text for _, text in written)]
    return [f"  you wrote | {_cut(text)}" for text in shown[:_QUOTED]]


def _divergence(
    base: Snapshot, old: Sequence[str], why: Unplaced, room: int
) -> tuple[str, list[str]]:
    """The first line that is not what the file has there, and the file around it."""
    start = why.candidates[0]
    found = diverging(old, base.lines, start)
    if found is None:
        return why.message, _window(base, start, len(old), start, room)
    k, at = found
    if at == len(base.lines):
        reason = f"line {k + 1} of the old text is past the end of the file"
        wrote, there = _cut(old[k]), f"(the file ends at line {at})"
        label = "file"
    else:
        same_words = soft_key(old[k]) == soft_key(base.lines[at])
        how = "is indented otherwise in" if same_words else "differs from"
        reason = f"line {k + 1} of the old text {how} the file"
        wrote, there = _cut_pair(old[k], base.lines[at])
        label = f"file line {at + 1}"
    wide = max(len(label), len("you wrote"))
    pair = [f"  {'you wrote':<{wide}} | {wrote}", f"  {label:<{wide}} | {there}"]
    return reason, pair + _window(base, start, len(old), at, room - len(pair))


def _ambiguity(
    base: Snapshot, written: Sequence[tuple[str, str]], starts: Sequence[int], room: int
) -> list[str]:
    """Each place with what would tell it apart, then the places themselves as far as they fit."""
    index = FileIndex(base)
    may_name = all(sign != "?" for sign, _ in written)
    body = _trimmed(written)
    size = max(1, sum(1 for sign, _ in body if sign != "+"))
    change = next((k for k, (sign, _) in enumerate(body) if sign != " "), 0)
    everywhere = _equal_places(index, starts[0], size) or tuple(starts)
    out: list[str] = []
    for start in starts[:_MOST_PLACES]:
        way = apart(index, start, size, everywhere, change=change if may_name else None)
        rows = _place_row(base, start, size, way)
        if len(out) + len(rows) <= room:
            out += rows
    each = (room - len(out)) // len(starts)
    if each > size:
        for start in starts:
            out += _window(base, start, size, start, each, around=1)
    return out


def _equal_places(index: FileIndex, start: int, size: int) -> tuple[int, ...]:
    """Every place that holds what stands at `start`."""
    keyed = index.keyed(soft_key)
    mine = keyed[start : start + size]
    found = index.table(soft_key).get(keyed[start], ())
    return tuple(s for s in found if keyed[s : s + size] == mine)


def _place_row(base: Snapshot, start: int, size: int, way: Apart) -> list[str]:
    where = f"  line {start + 1}"
    if way.headers:
        return [f"{where}: name it with {' and then '.join(f'@@ {h}' for h in way.headers)}"]
    shown: list[int] = []
    shown += range(start - way.above, start)
    shown += range(start + size, start + size + way.below)
    if not shown:
        return [f"{where}: more lines around it than a few would be needed"]
    sides = " and ".join(
        f"the {n} {'line' if n == 1 else 'lines'} {side}"
        for n, side in ((way.above, "above"), (way.below, "below"))
        if n
    )
    rows = [f"    {i + 1:>5} | {_cut(base.lines[i])}" for i in shown]
    return [f"{where}: take {sides} into the old text:", *rows]


def _places(base: Snapshot, starts: Sequence[int], size: int, room: int) -> list[str]:
    """The file around each of these places, as far as there is room."""
    out: list[str] = []
    if starts:
        each = room // len(starts)
        for start in starts:
            out += _window(base, start, size, start, each)
    return out


def _window(
    base: Snapshot, start: int, size: int, at: int, room: int, *, around: int = _AROUND
) -> list[str]:
    """The lines around a place under a heading, in at most `room` rows; `at` is among them."""
    first = max(0, start - around)
    last = min(len(base.lines), start + size + around)
    space = room - 1
    if last - first > space:
        first = max(first, min(at - space // 2, last - space))
        last = min(last, first + space)
    if space < 1 or first >= last:
        return []
    rows = [f"  {i + 1:>5} | {_cut(base.lines[i])}" for i in range(first, last)]
    return [f"{_HEADING}lines {first + 1}-{last}:", *rows]


def _trimmed(written: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without kept blank lines at either end, as the search takes them."""
    kept = [i for i, (sign, text) in enumerate(written) if sign != " " or text.strip()]
    return list(written[kept[0] : kept[-1] + 1]) if kept else []


def _cut(line: str) -> str:
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"


def _cut_pair(wrote: str, there: str) -> tuple[str, str]:
    """Both lines, or of long ones the part around the first sign that differs."""
    if max(len(wrote), len(there)) <= _WIDEST:
        return wrote, there
    pairs = enumerate(zip(wrote, there, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(wrote), len(there)))
    first = max(0, at - _WIDEST // 2)

    def part(line: str) -> str:
        cut = line[first : first + _WIDEST - 2]
        return f"{'…' if first else ''}{cut}{'…' if first + len(cut) < len(line) else ''}"

    return part(wrote), part(there)
