"""Columns that stay where they are, however wide a terminal draws an emoji.

The rule kept here: after characters whose width terminals disagree about (flags, skin tones, marks
that combine), the cursor is put where Textual believes it to be. What the terminal drew too far is
overwritten by what follows, what it drew too narrow stands on blanks; without this one flag pushes
the pane beside it aside until the next full repaint. What is drawn is not decided here.
"""

from __future__ import annotations

import re

from rich.cells import cell_len

_DOUBTFUL = (
    # marks that combine, scripts that stack or join, and signs that may be drawn as pictures
    "\u0300-\u036f\u0483-\u0489\u0590-\u10ff\u135d-\u139f\u1700-\u1cff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u231a-\u23ff\u2600-\u2712\u2719-\u27bf\u2b05-\u2bff\u302a-\u302f\u3099\u309a\ua66f-\ua67d"
    "\ua800-\uabff\ufe00-\ufe0f\ufe20-\ufe2f\U00010a00-\U00011fff\U0001f000-\U0001ffff"
)
_ANY = re.compile(f"[{_DOUBTFUL}]")
_SEQUENCE_OR_RUN = re.compile(
    # A sequence is matched first: its last letter is no base for a mark.
    "(?P<sequence>\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[ -Z^-~]))"
    f"|[^\x00-\x20\x7f{_DOUBTFUL}]?[{_DOUBTFUL}]+"
)


def steady(output: str) -> str:
    """Rendered output with the cursor put right behind each doubtful run of characters."""
    if output.isascii() or _ANY.search(output) is None:
        return output
    return _SEQUENCE_OR_RUN.sub(_pin, output)


def _pin(match: re.Match[str]) -> str:
    text = match[0]
    if match["sequence"] is not None:
        return text
    width = cell_len(text)
    if not width:
        return ""  # a mark without a base would join whatever stands before it
    # Save, blank the cells, back, draw, back, and on by the width that was reckoned with.
    return f"\x1b7{' ' * width}\x1b8{text}\x1b8\x1b[{width}C"
