"""Whose server it is that listens at a port of this machine.

The rule kept here: told only where it is somebody else's, and by the kernel's own tables, never by
what the server says. Where a system has no such tables, nothing is told. Blocking: callers go
through a thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MOST_BYTES = 8 << 20
_LISTENS = "0A"
_ANY = frozenset({"00000000", "0" * 32})
_LOOPBACK = {
    "127.0.0.1": frozenset({"0100007F", "0000000000000000FFFF00000100007F"}),
    "::1": frozenset({"00000000000000000000000001000000"}),
}


def owners(
    where: list[tuple[str, int]],
    *,
    own: Callable[[], int] = os.getuid,
    name_of: Callable[[int], str] | None = None,
    tables: tuple[Path, ...] = TABLES,
) -> list[str]:
    """For each (127.0.0.1 or ::1, port) the other user who listens there; "" for oneself, and for
    what cannot be told."""
    rows = list(_listening(tables))
    found = (_uid(rows, host, port) for host, port in where)
    names = name_of or _name
    return ["" if uid is None or uid == own() else names(uid) for uid in found]


def _uid(rows: list[tuple[str, int, int]], host: str, port: int) -> int | None:
    """A socket at this very address gets the connection before one at all addresses."""
    for addresses in (_LOOPBACK.get(host, frozenset()), _ANY):
        for address, at, uid in rows:
            if at == port and address in addresses:
                return uid
    return None


def _listening(tables: tuple[Path, ...]) -> Iterator[tuple[str, int, int]]:
    """(address in hex, port, uid) of each listening socket."""
    for table in tables:
        try:
            with table.open("rb") as file:
                text = file.read(_MOST_BYTES).decode("ascii", "replace")
        except OSError:
            continue
        for line in text.splitlines()[1:]:
            fields = line.split()
            if len(fields) < 8 or fields[3] != _LISTENS:
                continue
            address, _, port = fields[1].partition(":")
            try:
                yield address, int(port, 16), int(fields[7])
            except ValueError:
                continue


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
