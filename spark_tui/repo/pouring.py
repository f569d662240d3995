"""A file that is overwritten in place, for it has other names or another owner; and the way back.

The rule kept here: what is checked is what is written, through one descriptor, and where the system
gives it to us nobody else has the file open meanwhile. What somebody wrote into it since is left.
Which files are overwritten, and when, is for writing.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from spark_tui.repo.change import Change, Stale, Target
from spark_tui.repo.files import new_mode, set_mode
from spark_tui.repo.ops import Ops
from spark_tui.repo.others import alone

_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def pour(target: Target, data: bytes, ops: Ops, *, begun: Callable[[int], None]) -> None:
    """Write `data` over the old bytes. `begun` is given the file when from now on there is a way
    back: it closes the file, at the end."""
    file = os.open(target.name, _FLAGS, dir_fd=target.folder)
    is_begun = False
    try:
        if target.found is None or not os.path.samestat(os.fstat(file), target.found):
            raise Stale([target.path])
        with alone(file):
            old = target.old or b""
            if os.pread(file, len(old) + 1, 0) != old:
                raise Stale([target.path])
            begun(file)
            is_begun = True
            _write(target, file, data, target.change, ops)
    except BaseException:
        if not is_begun:
            os.close(file)
        raise


def pour_back(target: Target, file: int, old: bytes, ops: Ops) -> None:
    """The old bytes and permissions again, unless somebody has written into the file since."""
    new = target.change.data or b""
    with alone(file):
        if is_mixture(os.pread(file, len(new) + len(old) + 1, 0), new, old):
            os.lseek(file, 0, os.SEEK_SET)
            _write(target, file, old, Change(target.path, None), ops)


def is_mixture(found: bytes, new: bytes, old: bytes) -> bool:
    """Whether these bytes are those of a write of `new` over `old` that may have ended early.

    >>> is_mixture(b"NEWold", b"NEW NEW", b"oldold"), is_mixture(b"NEW mine", b"NEW", b"old")
    (True, False)
    """
    pairs = enumerate(zip(found, new, strict=False))
    size = next((at for at, (a, b) in pairs if a != b), min(len(found), len(new)))
    rest = found[size:]
    return rest == old[size:] or (not rest and size == len(new))


def _write(target: Target, file: int, data: bytes, change: Change, ops: Ops) -> None:
    ops.write(file, data)
    ops.truncate(file, len(data))
    if target.found is not None:
        set_mode(file, new_mode(target.found, change.mode, change.bits))
    ops.fsync(file)
