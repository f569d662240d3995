"""What is wrong with this set-up, as findings with a way out each.

The rule kept here: looking changes nothing and runs nothing from the repository; a fault on the
way is a finding, not an end. The only request is the free list of models, and only when online.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spark_tui import __version__
from spark_tui.errors import SparkFault
from spark_tui.repo.repository import Repository
from spark_tui.repo.run import Git
from spark_tui.session.doctor_service import Finding as Finding
from spark_tui.session.doctor_service import examine_service, of_fault
from spark_tui.settings import config
from spark_tui.settings.config import NOT_SETTINGS, PREFIX, Settings
from spark_tui.settings.origin import is_plain
from spark_tui.settings.paths import state_dir
from spark_tui.settings.toml import nearest

OLDEST_GIT = (2, 31)
LITTLE_BYTES = 200 << 20


async def examine(
    where: Path, *, environ: Mapping[str, str], flags: Mapping[str, Any], online: bool
) -> list[Finding]:
    """Everything that can be said about this machine, these settings and this folder."""
    found = [Finding("version", "ok", f"spark-tui {__version__}, Python {_python()}")]
    found += await asyncio.to_thread(lambda: [*_git(where, environ), *_state(environ)])
    found += _terminal(environ)
    try:
        settings = config.load(environ=environ, flags=flags)
    except SparkFault as fault:
        return [*found, of_fault(fault, "settings")]
    found += _settings(settings, environ)
    found += await examine_service(settings, environ, online=online)
    return found


def _git(where: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        said = Git(None, environ=environ, distrusted=where.resolve()).run("version").out
    except SparkFault as fault:
        yield of_fault(fault, "git")
        return
    text = said.decode("utf-8", "replace").strip()
    numbers = re.search(r"(\d+)\.(\d+)", text)
    version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    if version < OLDEST_GIT:
        yield Finding("git", "error", f"{text} is too old.", "Install git 2.31 or newer.")
    else:
        yield Finding("git", "ok", text)
    try:
        repository = Repository.discover(where.resolve(), environ=environ)
        operation = repository.operation() if repository else None
    except SparkFault as fault:
        yield of_fault(fault, "repository")
        return
    if repository is None:
        yield Finding(
            "repository", "warning", f"{where.resolve()} is not in a git repository.",
            "Review and undo work; for commits run git init.",
        )  # fmt: skip
    elif operation:
        yield Finding("repository", "warning", f"{repository.root}: {operation} is going on.",
                      "Finish or abort it before you commit.")  # fmt: skip
    else:
        yield Finding("repository", "ok", f"repository {repository.root}")


def _state(environ: Mapping[str, str]) -> Iterator[Finding]:
    folder = state_dir(environ)
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("state", "error", f"{folder} cannot be written.",
                      "Fix its permissions or set SPARK_TUI_STATE_DIR.")  # fmt: skip
        return
    if folder.exists() and folder.stat().st_mode & 0o077:
        yield Finding("state", "warning", f"{folder} is open to others.", f"chmod 700 {folder}")
    free = shutil.disk_usage(place).free
    if free < LITTLE_BYTES:
        yield Finding("disk", "warning", f"Only {free >> 20} MiB are free for checkpoints.",
                      "Free space: nothing is written without a checkpoint.")  # fmt: skip
    else:
        yield Finding("state", "ok", f"checkpoints and journals in {folder}")


def _terminal(environ: Mapping[str, str]) -> Iterator[Finding]:
    term = environ.get("TERM", "")
    if term in ("", "dumb"):
        yield Finding("terminal", "warning", "TERM names no terminal.",
                      "The screen needs one; the verbs do not.")  # fmt: skip
    elif environ.get("TMUX") and environ.get("COLORTERM") not in ("truecolor", "24bit"):
        yield Finding(
            "terminal", "warning", "tmux hides true colour.",
            'In ~/.tmux.conf: set -ga terminal-features ",*:RGB"; then export COLORTERM=truecolor',
        )  # fmt: skip
    else:
        size = shutil.get_terminal_size()
        yield Finding("terminal", "ok", f"terminal {term}, {size.columns}x{size.lines}")
    words = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG", "")
    if not re.search(r"utf-?8", words, re.IGNORECASE) and sys.platform != "darwin":
        yield Finding("locale", "warning", f"The locale {words or '(none)'} is not UTF-8.",
                      "export LANG=C.UTF-8")  # fmt: skip


def _settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    names = {spec.env for spec in config.specs()} | NOT_SETTINGS
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in names:
            yield Finding("settings", "warning", f"{name} is not a setting.", nearest(name, names))
    path = config.user_file(environ)
    yield Finding("settings", "ok", f"settings {path}{'' if path.exists() else ' (none yet)'}")
    if is_plain(settings.base_url):
        yield Finding("endpoint", "warning", f"{settings.base_url} is not encrypted.",
                      "Your key and your code can be read on the way: use https.")  # fmt: skip


def _python() -> str:
    return ".".join(str(n) for n in sys.version_info[:3])
