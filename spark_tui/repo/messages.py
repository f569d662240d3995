"""Commit messages as git takes them: cleaned, with a trailer where trailers belong.

The rule kept here: pure text in, pure text out. `git interpret-trailers` itself is not asked: it
runs commands that a repository's settings may name.
"""

from __future__ import annotations

import re
import unicodedata

_TRAILER = re.compile(r"[A-Za-z0-9-]+[ \t]*:[ \t]*\S.*")
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_OF_GIT = re.compile(r"Signed-off-by: |\(cherry picked from commit ")


def clean(message: str) -> str:
    """Without control signs, direction overrides and blanks where nobody sees them."""
    text = message.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        c
        for c in text
        if c in "\n\t" or (unicodedata.category(c) not in _UNSEEN and c not in _OVERRIDES)
    )
    lines = "\n".join(line.rstrip() for line in kept.split("\n")).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", lines)


def with_trailer(message: str, trailer: str) -> str:
    """The message with the trailer at the end of its last block of trailers, once."""
    line = " ".join(clean(trailer).split())
    if not line:
        return message
    paragraphs = message.split("\n\n")
    last = paragraphs[-1].split("\n")
    if len(paragraphs) == 1 or not _is_block(last):
        return f"{message}\n\n{line}"
    return message if line in last else f"{message}\n{line}"


def _is_block(lines: list[str]) -> bool:
    """As git decides: all lines are trailers, or one is git's own and a quarter are."""
    trailers = sum(1 for line in lines if _TRAILER.fullmatch(line) or line[:1] in (" ", "\t"))
    if trailers == len(lines):
        return True
    return any(_OF_GIT.match(line) for line in lines) and trailers * 4 >= len(lines)
