"""What is known of endpoints, on disk, for all sessions of this person.

The rule kept here: it is advice, so nothing about it ever stops a request. A damaged file is as
none, other processes' rows are kept, each write replaces the file as a whole. Origins, names of
wires, of models and of fields only: no key and no word of a service is in it. `load` blocks and
belongs in a thread; the rest answers at once, and writes beside the loop.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import threading
from collections.abc import Callable, Mapping
from typing import Any

from spark_tui.errors import DiskFault
from spark_tui.model.catalog import Known
from spark_tui.settings import paths

NAME = "endpoints.json"
VERSION = 1
MOST_BYTES = 1 << 18
"""A larger file is not ours."""
MOST_ROWS = 64
"""The ones found out last are kept."""
_LONGEST = 200
_WORD = re.compile(r"[a-z][a-z_-]{1,40}")
_ORIGIN = re.compile(r"https?://[^\s@?#\"']{1,400}")


class Endpoints:
    """A Memory of the model room, kept in a file of the state folder."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        beside: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        """`beside` runs what blocks; by default a thread of the running loop, which is waited for
        when the loop ends."""
        self._path = paths.state_dir(environ) / NAME
        self._beside = beside or _in_thread
        self._lock = threading.Lock()
        """For the two tables; never held over a look at the disk, so that the loop never waits."""
        self._writing = threading.Lock()
        self._rows: dict[str, Known] = {}
        self._new: dict[str, Known] = {}
        """Not written yet."""

    def load(self) -> None:
        """Reads what earlier processes wrote."""
        found = self._read()
        with self._lock:
            self._rows = {**found, **self._new}

    def recall(self, origin: str) -> Known | None:
        return self._rows.get(origin)

    def note(self, origin: str, known: Known) -> None:
        if not _ORIGIN.fullmatch(origin):
            return
        with self._lock:
            self._rows[origin] = self._new[origin] = known
        self._beside(self._write)

    def _write(self) -> None:
        """Read, change, write. Of two processes at the same moment one may lose its rows."""
        with self._writing:
            with self._lock:
                new, self._new = self._new, {}
            if not new:
                return  # another write took it along
            try:
                paths.write_private(self._path, encode({**self._read(), **new}))
            except DiskFault:
                return  # This process goes on with what it knows.

    def _read(self) -> dict[str, Known]:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            opened = os.open(self._path, flags)
            with os.fdopen(opened, "rb") as file:
                if not stat.S_ISREG(os.fstat(opened).st_mode):
                    return {}
                data = file.read(MOST_BYTES + 1)
        except OSError:
            return {}
        return decode(data) if len(data) <= MOST_BYTES else {}


def encode(rows: Mapping[str, Known]) -> bytes:
    """The file's bytes."""
    newest = sorted(rows.items(), key=lambda row: row[1].at)[-MOST_ROWS:]
    plain = {origin: _plain(known) for origin, known in newest}
    return json.dumps({"version": VERSION, "endpoints": plain}, indent=1).encode("ascii") + b"\n"


def decode(data: bytes) -> dict[str, Known]:
    """What `encode` wrote; a row that it could not have written is left out."""
    try:
        raw = json.loads(data)
        if raw["version"] != VERSION:
            return {}
        rows = dict(raw["endpoints"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    known = {}
    for origin, row in rows.items():
        try:
            if _ORIGIN.fullmatch(origin):
                known[origin] = _known(row)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return known


def _plain(known: Known) -> dict[str, Any]:
    return {
        "wire": known.wire,
        "why": known.why,
        "without": {model: sorted(names) for model, names in known.without.items()},
        "drops_tools": known.drops_tools,
        "at": round(known.at),
    }


def _known(row: Mapping[str, Any]) -> Known:
    """Raises ValueError, KeyError, TypeError or AttributeError for what no Known is."""
    without = {
        _text(model, _LONGEST): frozenset(_word(name) for name in names)
        for model, names in row["without"].items()
    }
    at = row["at"]
    if type(at) is not int or type(row["drops_tools"]) is not bool:
        raise ValueError(at)
    return Known(
        _word(row["wire"]), _text(row["why"], _LONGEST), without, row["drops_tools"], float(at)
    )


def _word(value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError(value)
    return value


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise ValueError(value)
    return value


def _in_thread(job: Callable[[], None]) -> object:
    return asyncio.get_running_loop().run_in_executor(None, job)
