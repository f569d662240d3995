"""Where lines of a file stand, by four comparisons.

The rule kept here: each dictionary is built once per snapshot and only when asked for; a lookup
never scans the file. What a hit means is place.py's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from spark_tui.edits.snapshot import Snapshot

Positions = Mapping[str, Sequence[int]]

_FOLD = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
            "\u3000",
            " ",
        ),
        "\u2026": "...",
        "\u200b": "",
    }
)


def exact_key(line: str) -> str:
    """The line itself."""
    return line


def trailing_key(line: str) -> str:
    """Without blanks at the end."""
    return line.rstrip()


def trimmed_key(line: str) -> str:
    """Without blanks at either end."""
    return line.strip()


def soft_key(line: str) -> str:
    """Trimmed, runs of blanks as one, typographic signs as their ASCII fellows.

    >>> soft_key("  say \\u201chi\\u201d \\u2014  now")
    'say "hi" - now'
    """
    if not line.isascii():
        line = line.translate(_FOLD)
    return " ".join(line.split())


class FileIndex:
    """The lines of one snapshot by key."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.lines = snapshot.lines
        self._tables: dict[Callable[[str], str], Positions] = {}
        self._keyed: dict[Callable[[str], str], Sequence[str]] = {exact_key: snapshot.lines}

    def positions(self, key: Callable[[str], str], line: str) -> Sequence[int]:
        """Where lines stand whose key equals the key of `line`, in order."""
        return self.table(key).get(key(line), ())

    def keyed(self, key: Callable[[str], str]) -> Sequence[str]:
        """The key of each line."""
        found = self._keyed.get(key)
        if found is None:
            found = self._keyed[key] = [key(line) for line in self.lines]
        return found

    def table(self, key: Callable[[str], str]) -> Positions:
        """Key to positions."""
        found = self._tables.get(key)
        if found is None:
            table: dict[str, list[int]] = {}
            for i, text in enumerate(self.keyed(key)):
                table.setdefault(text, []).append(i)
            found = self._tables[key] = table
        return found
