"""Long answers of an exact size for the benchmark: Markdown prose, lists and code.

The rule kept here: the same number gives the same text, and no code fence is left open.
"""

from __future__ import annotations

TOKEN = 4
END = "[##]"
"""The last token: nothing else on a screen looks like it."""

PROSE = (
    "A gauge sends one level every six minutes. Most of them are plain, a few are late, and now "
    "and then one is missing, so the service keeps the time of arrival beside the time of the "
    "measurement and never fills a gap by guessing. What a reader sees as a smooth curve is "
    "therefore drawn, not measured, and the page says so.\n\n"
)
POINTS = (
    "- **Level**: metres above chart datum, as the station sent it\n"
    "- **Trend**: the difference to the reading one hour before, part {part}\n"
    "- **Age**: minutes since the last reading; above 30 the station counts as silent\n\n"
)
CODE = '''```python
def smooth(levels: list[float], *, window: int = {window}) -> list[float]:
    """Running mean of the last `window` levels (part {part})."""
    total, out = 0.0, []
    for index, level in enumerate(levels):
        total += level
        if index >= window:
            total -= levels[index - window]
        out.append(total / min(index + 1, window))
    return out
```

'''


def long_text(tokens: int) -> str:
    """Exactly `tokens` tokens of four characters; the last one is END.

    >>> len(long_text(100))
    400
    """
    size = tokens * TOKEN
    if not tokens:
        return ""
    out: list[str] = []
    length = part = 0
    while True:
        part += 1
        block = f"## Part {part}\n\n{PROSE}{CODE}{POINTS}"
        block = block.replace("{part}", str(part)).replace("{window}", str(4 + part % 9))
        if length + len(block) + TOKEN > size:
            break
        out.append(block)
        length += len(block)
    rest = size - length - TOKEN
    # The tail is prose only, so that the cut never falls into a code fence.
    out.append((PROSE.replace("\n\n", " ") * (rest // len(PROSE) + 2))[:rest])
    return "".join(out) + END
