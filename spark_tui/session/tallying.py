"""The tally of edit formats on disk, for all work trees of this person.

The rule kept here: it is advice, so nothing about it ever stops a turn. A file that cannot be read
is as none, one that cannot be written is left alone, and each write replaces the file as a whole.
Counts only: no path, no text and no key are in it. Blocking: callers go through a thread.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from spark_tui.edits.formats.choice import choose
from spark_tui.edits.formats.table import Name
from spark_tui.edits.formats.tally import WINDOW, Outcome, Record, Tally
from spark_tui.repo.durable import put
from spark_tui.settings import paths

NAME = "formats.json"
VERSION = 1
MOST_BYTES = 1 << 18
"""A larger file is not ours."""
MOST_MODELS = 64
"""The ones used last are kept."""
LONGEST_ID = 200


class Formats:
    """Which format each model is asked for, and how that went."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path = paths.state_dir(environ) / NAME
        self._lock = threading.Lock()
        self.tally = Tally()

    def load(self) -> Tally:
        """What is known by now, of other processes, too."""
        with self._lock:
            found = self._read()
            if found is not None:
                self.tally = found
            return self.tally

    def choose(self, model: str, *, has_custom_tool: bool) -> Name:
        """The format to ask this model for."""
        return choose(model, has_custom_tool, self.tally)

    def note(self, model: str, name: str, outcome: Outcome) -> None:
        """A reply came."""
        self._change(lambda tally: tally.after(model, name, outcome), model)

    def mended(self, model: str, name: str, hunks: int) -> None:
        """Hunks of the last reply have a place after all."""
        self._change(lambda tally: tally.mended(model, name, hunks), model)

    def _change(self, change: Callable[[Tally], Tally], model: str) -> None:
        """Read, change, write. Of two processes at the same moment one may lose its count."""
        if len(model) > LONGEST_ID:
            return
        with self._lock:
            found = self._read()
            self.tally = change(self.tally if found is None else found)
            try:
                put(self._path, encode(self.tally), durable=False)
            except OSError:
                return  # This process goes on with what it knows.

    def _read(self) -> Tally | None:
        """The file; None where there is none that can be understood."""
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            opened = os.open(self._path, flags)
            with os.fdopen(opened, "rb") as file:
                if not stat.S_ISREG(os.fstat(opened).st_mode):
                    return None
                data = file.read(MOST_BYTES + 1)
        except OSError:
            return None
        return decode(data) if len(data) <= MOST_BYTES else None


def encode(tally: Tally) -> bytes:
    """The file's bytes."""
    newest = list(tally.models.items())[-MOST_MODELS:]
    models = {
        model: {name: _plain(record) for name, record in rows.items()} for model, rows in newest
    }
    return json.dumps({"version": VERSION, "models": models}, indent=1).encode("ascii") + b"\n"


def decode(data: bytes) -> Tally | None:
    """What `encode` wrote; None for anything else."""
    try:
        raw = json.loads(data)
        if raw["version"] != VERSION:
            return None
        return Tally(
            {
                str(model): {str(name): _record(row) for name, row in rows.items()}
                for model, rows in raw["models"].items()
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _plain(record: Record) -> dict[str, int | str]:
    row: dict[str, int | str] = {
        f.name: getattr(record, f.name) for f in fields(record) if f.name != "recent"
    }
    return {**row, "recent": "".join("+" if good else "-" for good in record.recent)}


def _record(row: Mapping[str, Any]) -> Record:
    """Raises ValueError, KeyError or TypeError for what no Record is."""
    counts = {f.name: row[f.name] for f in fields(Record) if f.name != "recent"}
    recent = row["recent"]
    if not isinstance(recent, str) or len(recent) > WINDOW or set(recent) - {"+", "-"}:
        raise ValueError(recent)
    if any(type(count) is not int or count < 0 for count in counts.values()):
        raise ValueError(counts)
    return Record(**counts, recent=tuple(sign == "+" for sign in recent))
