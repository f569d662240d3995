"""Small files of our own, written so that a power cut leaves the old or the new one.

The rule kept here: private (0600 in a 0700 folder), and durable where it says so.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path


def private_folder(folder: Path) -> None:
    """Make the folder and what is above it; the folder itself is for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def durable_folder(folder: Path) -> None:
    """As `private_folder`, and the names of what had to be made for it are on the disk: what is
    promised in a folder is worth as much as the way to it."""
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    for made in reversed(missing):
        made.mkdir(mode=0o700, exist_ok=True)
        sync_folder(made.parent)
    private_folder(folder)


def put(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace the file in one step."""
    staged = path.with_name(f".{secrets.token_hex(6)}.tmp")
    file = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(file)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def overwrite(path: Path, data: bytes) -> None:
    """Durable in one sync where `put` needs two; a torn one reads as none (`read_whole`)."""
    fresh = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(hashlib.sha256(data).hexdigest().encode("ascii") + b"\n" + data)
        stream.truncate()
        stream.flush()
        os.fsync(file)
    if fresh:
        sync_folder(path.parent)


def read_whole(path: Path) -> bytes | None:
    """What `overwrite` was given, if it is all there."""
    try:
        digest, _, data = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    return data if digest.decode("ascii", "replace") == hashlib.sha256(data).hexdigest() else None


def empty(path: Path) -> None:
    """Nothing to read any more. Not synced: see `recover` for a note that comes back."""
    if path.exists():
        os.truncate(path, 0)


def sync_folder(folder: Path) -> None:
    """Names that came or went in the folder are on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
