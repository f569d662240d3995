"""The journals of one work tree, read line by line for those who ask about the past.

The rule kept here: it only reads, without a lock; events of kinds that nobody asked for are not
even parsed, and no more than one line is held. A journal that cannot be read is a sentence, never
a crash; a torn line is left out. Blocking: callers on a loop go through a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from spark_tui.session import encoding
from spark_tui.session.events import Event

_KIND = re.compile(rb'\{"e":"(\w+)"')
LONGEST = 64 << 20
"""Bytes of a line up to which it is read: more is no line of ours."""


class Unreadable(Exception):
    """Why this journal cannot be read, in a few words."""


def journal_of(home: Path, session: str) -> Path:
    """Where a session of this work tree keeps its journal."""
    return home / "sessions" / session / "journal.jsonl"


def sessions_of(home: Path) -> list[str]:
    """The ids of all sessions of a work tree, newest first: an id begins with its time."""
    found = (home / "sessions").glob("*/journal.jsonl")
    return sorted((path.parent.name for path in found), reverse=True)


def current_of(home: Path) -> str:
    """The session that was in use last, ""."""
    try:
        name = (home / "current").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return name if "/" not in name else ""


def read(path: Path, *kinds: type) -> Iterator[Event]:
    """The events of these kinds, in order. Raises Unreadable."""
    wanted = frozenset(kind.__name__.encode("ascii") for kind in kinds)
    try:
        with path.open("rb") as file:
            _check_version(file.readline(LONGEST))
            while line := file.readline(LONGEST):
                kind = _KIND.match(line)
                if kind is None or kind[1] not in wanted:
                    continue
                try:
                    event = encoding.decode(json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    continue
                if event is not None:
                    yield event
    except OSError as cause:
        raise Unreadable(f"cannot be opened ({cause.strerror})") from cause


def _check_version(line: bytes) -> None:
    try:
        version = json.loads(line)["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise Unreadable("has no beginning") from cause
    if not isinstance(version, int) or version > encoding.VERSION:
        raise Unreadable("is of a newer version")
