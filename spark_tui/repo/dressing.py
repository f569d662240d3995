"""What a new file gets beside its bytes: permissions, owner and attributes of the one it follows.

The rule kept here: a file that is replaced keeps them, one that moves takes them along, any other
gets what the person's umask says. How they are copied is files.py's business.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from spark_tui.repo.change import Change, Target
from spark_tui.repo.files import dress, new_mode
from spark_tui.repo.places import components, opened_parent, status


def dress_as(root: Path, file: int, target: Target, change: Change) -> None:
    """Make the open new file what `change` says it shall be."""
    if target.found is not None and not target.has_link:
        mode = new_mode(target.found, change.mode, change.bits)
        dress(file, mode, like=target.name, found=target.found, folder=target.folder)
    elif change.source is None or not _dress_like(root, file, change, change.source):
        os.fchmod(file, new_mode(os.fstat(file), change.mode, change.bits))


def _dress_like(root: Path, file: int, change: Change, source: str) -> bool:
    parts = components(source)
    with opened_parent(root, parts) as folder:
        found = None if folder is None else status(parts[-1], folder)
        if folder is None or found is None or not stat.S_ISREG(found.st_mode):
            return False
        mode = new_mode(found, change.mode, change.bits)
        dress(file, mode, like=parts[-1], found=found, folder=folder)
    return True
