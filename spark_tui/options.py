"""What the command line asked of the app: a value the screen is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class AppOptions:
    """`flags` holds only what was given, under the names `settings.config.load` takes."""

    path: Path
    resume: str | None = None
    """A session's id; "" means: let me choose."""
    fresh: bool = True
    """False: go on with the current session of this work tree."""
    flags: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    environ: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The environment as it was at start, GIT_* included."""


RESUME = "resume"
"""The first word that opens the screen on an earlier session; `./resume` is a folder."""
VERBS = frozenset(
    (
        *("accept", "apply", "bench", "checkpoints", "commit", "commit-msg", "config"),
        *("context", "doctor", "hook"),
        *("edit", "hunks", "log", "models", "redo", "reject", "restore"),
        *("sessions", "stats", "undo", "why"),
    )
)
"""First words that run without a screen; any other first word is a path (`./edit` is one too)."""
