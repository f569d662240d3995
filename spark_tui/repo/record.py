"""A checkpoint as text: what fast-import is told, and what the commit's message holds.

The rule kept here: a path may hold any byte; a file that did not exist is recorded too, a symbolic
link by its target. Running git is checkpoints.py's business.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping

from spark_tui.errors import GitFault

Files = Mapping[str, tuple[bytes, int] | None]
"""Bytes and permission bits; target and S_IFLNK of a symbolic link; None: there was nothing."""

_FORMAT = 1
_WITH_LINKS = 2
"""A reader that does not know links would make files of them."""


def script(ref: str, files: Files) -> bytes:
    """One commit without a parent on a new ref; fast-import answers with its id."""
    now = time.time()
    document = {
        "format": _WITH_LINKS if any(k and stat.S_ISLNK(k[1]) for k in files.values()) else _FORMAT,
        "time": now,
        "bytes": sum(len(kept[0]) for kept in files.values() if kept),
        "files": [[path, None if kept is None else kept[1]] for path, kept in files.items()],
    }
    message = json.dumps(document).encode("ascii")
    lines = [
        b"commit %s\nmark :1\n" % ref.encode("ascii"),
        b"committer spark-tui <spark-tui@localhost> %d +0000\n" % now,
        b"data %d\n%s\n" % (len(message), message),
    ]
    for path, kept in files.items():
        if kept is not None:
            data, mode = kept
            git_mode = b"100755" if mode & 0o100 else b"100644"
            if stat.S_ISLNK(mode):
                git_mode = b"120000"
            lines.append(b"M %s inline %s\ndata %d\n" % (git_mode, _quoted(path), len(data)))
            lines.append(data)
            lines.append(b"\n")
    lines.append(b"get-mark :1\ndone\n")
    return b"".join(lines)


def read_message(message: bytes) -> tuple[float, dict[str, int | None], int | None]:
    """Time, the mode of each path (None: did not exist), and how many bytes they had together
    (None: that was not noted yet)."""
    document = json.loads(message)
    if document.get("format") not in (_FORMAT, _WITH_LINKS):
        raise GitFault("This checkpoint was written by another version of spark-tui.")
    modes = {path: mode for path, mode in document["files"]}
    return float(document["time"]), modes, document.get("bytes")


def _quoted(path: str) -> bytes:
    plain = b"".join(
        bytes((byte,)) if 0x20 <= byte < 0x7F and byte not in b'"\\' else b"\\%03o" % byte
        for byte in os.fsencode(path)
    )
    return b'"%s"' % plain
