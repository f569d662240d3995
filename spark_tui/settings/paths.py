"""Where this program keeps its own files.

The rule kept here: a folder of ours is private (0700) from the moment it exists. The environment
is passed in, never read: a test, a demo and a hook each have their own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from spark_tui.errors import DiskFault

APP = "spark-tui"


def config_dir(environ: Mapping[str, str]) -> Path:
    """Settings, themes, the key file. Not created here."""
    return _folder(environ, "SPARK_TUI_CONFIG_DIR", "XDG_CONFIG_HOME", ".config", "config")


def state_dir(environ: Mapping[str, str]) -> Path:
    """Journals and checkpoints. Not created here."""
    return _folder(environ, "SPARK_TUI_STATE_DIR", "XDG_STATE_HOME", ".local/state", "state")


def private_folder(path: Path) -> Path:
    """`path` as an existing folder; what has to be made for it only its owner may enter."""
    try:
        for folder in (*reversed(path.parents), path):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DiskFault(
            f"{path} cannot be created: {error.strerror or error}.",
            hint="Fix its permissions, or name another folder with SPARK_TUI_CONFIG_DIR.",
        ) from error
    return path


def write_private(path: Path, data: bytes) -> None:
    """Old bytes or new bytes, never a mix, and only for its owner (0600). Raises DiskFault."""
    private_folder(path.parent)
    whole = path.parent / f".{path.name}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        whole.unlink(missing_ok=True)
        fd = os.open(whole, flags, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        whole.replace(path)
    except OSError as error:
        whole.unlink(missing_ok=True)
        raise DiskFault(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="It is unchanged. Free space or fix its permissions.",
        ) from error


def _folder(environ: Mapping[str, str], ours: str, xdg: str, below_home: str, kind: str) -> Path:
    if named := environ.get(ours):
        return Path(named).expanduser().absolute()
    base = environ.get(xdg, "")
    if base.startswith("/"):  # the standard: a relative one is ignored
        return Path(base) / APP
    home = environ.get("HOME")
    if home and sys.platform.startswith("linux"):
        return Path(home) / below_home / APP
    from platformdirs import PlatformDirs  # deferred: not needed where HOME says it all

    dirs = PlatformDirs(APP, appauthor=False)
    return dirs.user_config_path if kind == "config" else dirs.user_state_path
