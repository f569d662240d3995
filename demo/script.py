"""The scripts: what the demo models answer, one TOML file for one request.

The rule kept here: a script is checked whole when it is read, and a mistake names its file.
Choosing a script and turning it into an answer is plan.py's business; README.md tells how to
write one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .pace import seconds
from .patch import read_patch

FOLDER = Path(__file__).resolve().parent / "scripts"


class ScriptError(Exception):
    """A script cannot be used; the message names the file."""


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Think:
    """A summary of reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class Patch:
    text: str
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    pattern: str


@dataclass(frozen=True, slots=True)
class Pause:
    length_s: float


Step = Text | Think | Patch | Read | Search | Pause


@dataclass(frozen=True, slots=True)
class Script:
    """One request and its answer."""

    name: str
    title: str
    say: str
    """A prompt that gets this answer; "" keeps the script out of the list."""
    match: tuple[re.Pattern[str], ...]
    """Any of these, in what the person typed."""
    sees: re.Pattern[str] | None
    """Also this, in one of the files as the conversation last showed it."""
    refine: bool
    """Also answers when one of its hunks is asked for again, whatever the reason."""
    models: tuple[str, ...]
    """Only for these; empty = for all."""
    commit: str
    """The commit message for this change."""
    fault: str
    steps: tuple[Step, ...]

    @property
    def patches(self) -> tuple[str, ...]:
        return tuple(step.text for step in self.steps if isinstance(step, Patch))


def load(folder: Path = FOLDER) -> tuple[Script, ...]:
    """All scripts of a folder in the order of their names: the first that fits answers."""
    return tuple(read_script(path) for path in sorted(folder.glob("*.toml")))


def read_script(path: Path) -> Script:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        steps = tuple(_step(entry) for entry in table.get("step", ()))
        if not steps:
            raise ValueError("no [[step]]")
        unknown = set(table) - {
            "title", "say", "match", "sees", "refine", "models", "commit", "fault", "step",
        }  # fmt: skip
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        sees = table.get("sees")
        return Script(
            name=path.stem,
            title=table["title"],
            say=table.get("say", ""),
            match=tuple(re.compile(text, re.IGNORECASE | re.DOTALL) for text in table["match"]),
            sees=re.compile(sees, re.MULTILINE) if sees else None,
            refine=bool(table.get("refine")),
            models=tuple(table.get("models", ())),
            commit=table.get("commit", "").strip(),
            fault=table.get("fault", ""),
            steps=steps,
        )
    except (ValueError, KeyError, TypeError, re.error) as error:
        raise ScriptError(f"{path.name}: {error}") from error


def _step(entry: Mapping[str, Any]) -> Step:
    match entry:
        case {"text": str(text), **rest} if not rest:
            return Text(text.strip("\n") + "\n")
        case {"think": str(text), **rest} if not rest:
            return Think(text.strip())
        case {"patch": str(text), **rest} if set(rest) <= {"wait"}:
            read_patch(text)
            return Patch(text.strip("\n") + "\n", bool(rest.get("wait")))
        case {"read": list(paths), **rest} if not rest:
            return Read(tuple(str(path) for path in paths))
        case {"search": str(pattern), **rest} if not rest:
            return Search(pattern)
        case {"pause": str(text), **rest} if not rest:
            return Pause(seconds(text))
    raise ValueError(f"a step is one of text, think, patch, read, search, pause, not {entry!r}")
