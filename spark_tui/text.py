"""Any untrusted text as inert, printable text.

The rule kept here: what `visible` returns holds no code point that a terminal obeys or hides, and
showing it twice changes nothing. Raw text stays raw in events, journal and JSON; a face calls this
once, at the moment it shows a line. Line breaks stay: who shows single lines splits before.
"""

from __future__ import annotations

import re
import unicodedata

MAX_COMBINING = 8
"""Marks stacked on one character; more is an attack on the neighbouring lines, not writing."""

_HIDDEN_RANGES = (
    # controls: C0 without tab and line feed, DEL, C1
    "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f"
    # soft hyphen, grapheme joiner, Arabic and Syriac format marks
    "\\xad\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2"
    # Hangul fillers, Khmer inherent vowels, Mongolian selectors: drawn as nothing
    "\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"
    # zero width, bidi, line and paragraph separators, invisible operators
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\u3164\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffb"
    # lone surrogates: bytes that were not text
    "\\ud800-\\udfff"
    # format controls outside the first plane, tags, variation selectors
    "\\U000110bd\\U000110cd\\U00013430-\\U0001345f\\U0001bca0-\\U0001bca3"
    "\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"
)
HIDDEN = re.compile(f"[{_HIDDEN_RANGES}]")
"""One code point that must never reach a terminal as it is."""

_HIDDEN_OR_LONE_STYLE = re.compile(
    # U+FE0E and U+FE0F choose between text and picture: harmless behind a sign that has both.
    f"[{_HIDDEN_RANGES}]|(?<![\u2000-\u3fff\U0001f000-\U0001faff#*0-9\xa9\xae])[\ufe0e\ufe0f]"
)
_LONG_RUN = re.compile(f"[\u0300-\U000e0fff]{{{MAX_COMBINING + 1},}}")


def visible(text: str, *, tabs: int = 4) -> str:
    """`text` with every hidden or obeyed code point replaced by a sign, and tabs by spaces.

    >>> visible("a\\x1b[2J"), visible("x\\u202ey"), visible("a\\tb")
    ('a␛[2J', 'x⟨U+202E⟩y', 'a   b')
    """
    if text.isascii():
        if text.isprintable():  # the common case, once per shown line
            return text
        if (spaced := text.expandtabs(tabs)).isprintable():
            return spaced
    else:
        text = _LONG_RUN.sub(_cap_combining, text)
    text = _HIDDEN_OR_LONE_STYLE.sub(_substitute, text)
    return _expand(text, tabs) if "\t" in text else text


def one_line(text: str) -> str:
    """`visible` for names and titles: line breaks are shown, tabs are one space."""
    return visible(text.replace("\t", " ")).replace("\n", "␊")


def _substitute(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return f"⟨\\x{code - 0xDC00:02x}⟩"
    return f"⟨U+{code:04X}⟩"


def _cap_combining(match: re.Match[str]) -> str:
    """Keep the first marks of each run and say how many were left out."""
    kept: list[str] = []
    run = dropped = 0
    for char in match[0]:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if run > MAX_COMBINING:
            dropped += 1
            continue
        if dropped:
            kept.append(f"⟨+{dropped}⟩")
            dropped = 0
        kept.append(char)
    if dropped:
        kept.append(f"⟨+{dropped}⟩")
    return "".join(kept)


def _expand(text: str, tabs: int) -> str:
    if text.isascii():
        return text.expandtabs(tabs)
    return "\n".join(_expand_line(line, tabs) for line in text.split("\n"))


def _expand_line(line: str, tabs: int) -> str:
    """Tab stops count terminal cells: a wide character is two, a combining one none."""
    done: list[str] = []
    column = 0
    for char in line:
        if char == "\t":
            gap = tabs - column % tabs
            done.append(" " * gap)
            column += gap
            continue
        done.append(char)
        if unicodedata.category(char) in ("Mn", "Me"):
            continue
        column += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return "".join(done)
