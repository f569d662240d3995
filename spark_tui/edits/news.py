"""The text of a file around what an accepted edit changed, for the model.

The rule kept here: the lines come from the new file, with its own numbers; what is left out is
counted. Which files may be quoted is the session's decision.
"""

from __future__ import annotations

from collections.abc import Sequence

from spark_tui.edits.changeset import Edit
from spark_tui.edits.linediff import changes
from spark_tui.edits.snapshot import Snapshot

_AROUND = 2
_MOST = 12
"""Lines of one stretch that are quoted."""
_MOST_IN_ALL = 40
_WIDEST = 200


def news(old: Snapshot, new: Snapshot, edits: Sequence[Edit]) -> str:
    """What `new` has where `edits` (of `old`) changed it; "" where they changed nothing.

    >>> old, new = Snapshot.of("a", b"x\\ny\\n"), Snapshot.of("a", b"x\\nz\\n")
    >>> print(news(old, new, [Edit(1, 2, ("z",))]))
    new text of a, lines 1-2:
          1 | x
          2 | z
    """
    spans: list[tuple[int, int]] = []
    for run in changes(old.lines, new.lines):
        if any(edit.start <= run.end and run.start <= edit.end for edit in edits):
            first = max(0, run.new_start - _AROUND)
            last = min(len(new.lines), run.new_end + _AROUND)
            if spans and first <= spans[-1][1]:
                spans[-1] = (spans[-1][0], last)
            else:
                spans.append((first, last))
    out: list[str] = []
    for n, (first, last) in enumerate(spans):
        rows = _rows(new, first, last)
        if len(out) + len(rows) > _MOST_IN_ALL:
            left = len(spans) - n
            out.append(f"and in {left} more {'place' if left == 1 else 'places'} of {new.path}")
            break
        out += rows
    return "\n".join(out)


def _rows(new: Snapshot, first: int, last: int) -> list[str]:
    rows = [f"  {i + 1:>5} | {_cut(new.lines[i])}" for i in range(first, last)]
    if len(rows) > _MOST:
        half = _MOST // 2
        left_out = f"        ({len(rows) - 2 * half} lines as you sent them)"
        rows = [*rows[:half], left_out, *rows[-half:]]
    where = f"lines {first + 1}-{last}" if last > first else "now without any line"
    return [f"new text of {new.path}, {where}:", *rows]


def _cut(line: str) -> str:
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"
