"""The comparisons by which an old side is looked for, strictest first, and what a hit means.

The rule kept here: lines that stay are the file's own, whatever the reply made of them; what is
inserted is the reply's, moved to the file's indentation where the comparison set that aside.
Which comparison counts is place.py's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from spark_tui.edits.asked import Asked, Written
from spark_tui.edits.changeset import Edit, Placed, Quality
from spark_tui.edits.indent import fit, indent_of
from spark_tui.edits.index import FileIndex, exact_key, soft_key, trailing_key, trimmed_key
from spark_tui.edits.linediff import changes

Key = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Pass:
    quality: Quality
    key: Key
    other: bool
    """Whether the second reading of context lines counts."""
    mapped: bool
    """Whether one indentation map must explain the place."""


PASSES = (
    Pass(Quality.EXACT, exact_key, other=False, mapped=False),
    Pass(Quality.EXACT, exact_key, other=True, mapped=False),
    Pass(Quality.TRAILING, trailing_key, other=False, mapped=False),
    Pass(Quality.TRAILING, trailing_key, other=True, mapped=False),
    Pass(Quality.INDENT, trimmed_key, other=False, mapped=True),
    Pass(Quality.SOFT, soft_key, other=False, mapped=True),
)


def starts_of(old: Sequence[Written], index: FileIndex, step: Pass) -> list[int]:
    """Every place where each old line fits, found from the rarest of them."""
    table = index.table(step.key)
    readings: list[tuple[str, ...]] = []
    best: tuple[int, int] | None = None
    for k, line in enumerate(old):
        keys: tuple[str, ...] = (step.key(line.text),)
        if step.other and line.other is not None:
            keys = (keys[0], step.key(line.other))
        readings.append(keys)
        n = sum(len(table.get(key, ())) for key in keys)
        if not n:
            return []
        if best is None or n < best[0]:
            best = (n, k)
    if best is None:
        return []
    keyed = index.keyed(step.key)
    k = best[1]
    last = len(keyed) - len(old)
    found = sorted({pos - k for key in readings[k] for pos in table.get(key, ())})
    return [
        s
        for s in found
        if 0 <= s <= last and all(keyed[s + i] in keys for i, keys in enumerate(readings))
    ]


def placed_at(asked: Asked, index: FileIndex, step: Pass, start: int) -> Placed | None:
    """The hunk at this place, or None if no indentation map explains it."""
    old = asked.old
    if not step.mapped:
        end = start + len(old)
        edits = edits_of(asked.body, [w.text for w in asked.body], index, start, None)
        return Placed(start, end, edits, step.quality, already=not edits)
    there = [indent_of(index.lines[start + i]) for i in range(len(old))]
    pairs = [(indent_of(w.text), own) for w, own in zip(old, there, strict=True) if w.text.strip()]
    added = {indent_of(w.text) for w in asked.body if w.sign == "+" and w.text.strip()}
    indents = _sure(fit(pairs, added), old, there, added)
    if indents is None:
        return None
    texts = [
        indents[indent_of(w.text)] + w.text.lstrip(" \t")
        if w.sign == "+" and w.text.strip()
        else w.text
        for w in asked.body
    ]
    edits = edits_of(asked.body, texts, index, start, [w.text for w in asked.body])
    return Placed(start, start + len(old), edits, step.quality, already=not edits)


def _sure(
    indents: Mapping[str, str] | None, old: Sequence[Written], there: Sequence[str], added: set[str]
) -> Mapping[str, str] | None:
    """The map, unless the kept lines may have come without their sign and mean another one.

    Lines that go have a sign of their own and settle it. Else a shift by one, three, ... blanks
    is the odd one: the sign is more likely missing than the indentation wrong by so many.
    """
    lines = [(w, own) for w, own in zip(old, there, strict=True) if w.text.strip()]
    if not any(w.sign == " " and w.other is not None for w, _ in lines):
        return indents
    pairs = [(indent_of(w.text if w.other is None else w.other), own) for w, own in lines]
    others = fit(pairs, added)
    if others is None or others == indents:
        return indents
    is_same = all(old == new for old, new in pairs)
    if indents is None:
        return others if is_same else None
    if is_same:
        return None
    shifts = {len(new) - len(indent_of(w.text)) for w, new in lines}
    has_tabs = any("\t" in indent_of(w.text) + new for w, new in lines)
    return None if len(shifts) == 1 and min(shifts) % 2 and not has_tabs else indents


def edits_of(
    body: Sequence[Written],
    texts: Sequence[str],
    index: FileIndex,
    start: int,
    written: Sequence[str] | None,
) -> tuple[Edit, ...]:
    """Only what differs. Lines both removed and added stay the file's.

    They are compared as `written` where the reply's indentation is not the file's; else with the
    file itself.
    """
    edits: list[Edit] = []
    at = start
    removed: list[str] = []
    added: list[tuple[str, str]] = []

    def flush() -> None:
        nonlocal removed, added
        if removed or added:
            begin = at - len(removed)
            for run in changes(removed, [compared for compared, _ in added]):
                lines = tuple(text for _, text in added[run.new_start : run.new_end])
                edits.append(Edit(begin + run.start, begin + run.end, lines))
        removed, added = [], []

    for k, line in enumerate(body):
        match line.sign:
            case " ":
                flush()
                at += 1
            case "-":
                if added:
                    flush()
                removed.append(index.lines[at] if written is None else written[k])
                at += 1
            case "+":
                added.append((texts[k] if written is None else written[k], texts[k]))
    flush()
    return _merged(edits)


def _merged(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Touching edits as one."""
    merged: list[Edit] = []
    for edit in edits:
        if merged and merged[-1].end == edit.start:
            last = merged.pop()
            edit = Edit(last.start, edit.end, last.lines + edit.lines)
        merged.append(edit)
    return tuple(merged)
