"""Themes as text files: parsed and checked here, turned into colours by the screen.

The rule kept here: one TOML file is one theme and its name is the file's name; a broken file says
which line, and nothing of it is used. Whether it can be read well is contrast.py's question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spark_tui.errors import UsageFault
from spark_tui.settings import toml
from spark_tui.settings.paths import config_dir

COLOR_WORDS = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
    "boost",
)
GROUND_WORDS = (
    "added",
    "removed",
    "added-word",
    "removed-word",
    "file",
    "current",
    "current-blurred",
    "hunk",
)
"""What stands behind text."""
DIFF_WORDS = (
    *GROUND_WORDS,
    "added-sign",
    "removed-sign",
    "number",
    "bar",
    "muted",
    "pending",
    "note",
    "open",
    "accepted",
    "rejected",
    "conflict",
    "risk",
    "folder",
    "match",
)
SYNTAX_WORDS = (
    "text",
    "comment",
    "keyword",
    "string",
    "constant",
    "number",
    "type",
    "builtin",
    "function",
    "decorator",
    "attribute",
    "heading",
)
_PARTS: Mapping[str, tuple[str, ...]] = {
    "colors": COLOR_WORDS,
    "diff": DIFF_WORDS,
    "syntax": SYNTAX_WORDS,
}
ANSI_NAMES = tuple(
    f"ansi_{bright}{name}"
    for bright in ("", "bright_")
    for name in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
)
COLOR = re.compile(r"(#[0-9a-fA-F]{6}|ansi_[a-z_]+|\$[a-z-]+)(\s+(100|[1-9]?[0-9])%)?", re.ASCII)
_STYLES = frozenset(("bold", "italic", "underline", "dim", "reverse", "strike"))


@dataclass(frozen=True, slots=True)
class Theme:
    name: str
    dark: bool
    colors: Mapping[str, str]
    """Word -> #rrggbb, ansi_NAME or $word, perhaps with "18%"."""
    diff: Mapping[str, str]
    """Word -> the same, with style words before it; a missing one is derived from the colours."""
    syntax: Mapping[str, str]
    """Our word or a Pygments token -> the same; "base" names the mapping below it."""


def parse(name: str, text: str) -> Theme:
    """A theme from its file's text. Raises UsageFault with line and nearest valid key."""
    where = name if name.endswith(".toml") else f"{name}.toml"
    table, lines = toml.parse(text, where), toml.lines_of(text)

    def fail(key: str, message: str, hint: str) -> UsageFault:
        return UsageFault(f"{where}:{lines.get(key, 1)}: {message}", hint=hint)

    for key in table:
        if key not in ("dark", "colors", "diff", "syntax"):
            hint = toml.nearest(key, ("dark", "colors", "diff", "syntax"))
            raise fail(key, f"{key} is not a part of a theme.", hint)
    dark = table.get("dark", True)
    if not isinstance(dark, bool):
        raise fail("dark", "dark is true or false.", "A theme for dark terminals says true.")
    parts: dict[str, dict[str, str]] = {}
    for part, words in _PARTS.items():
        rows = table.get(part, {})
        if not isinstance(rows, dict):
            raise fail(part, f"{part} is a table.", f"Write [{part}].")
        parts[part] = {}
        for key, value in rows.items():
            dotted = f"{part}.{key}"
            is_token = part == "syntax" and (key == "base" or key[:1].isupper())
            if key not in words and not is_token:
                raise fail(dotted, f"{key} is no word of [{part}].", toml.nearest(key, words))
            if why := _wrong(value, part, key):
                raise fail(dotted, f"{key} = {value!r}: {why}.", 'Like "#7fb069" or "$accent 40%".')
            parts[part][key] = value
    if "primary" not in parts["colors"]:
        raise fail("colors", "[colors] has no primary.", 'Give at least primary = "#rrggbb".')
    return Theme(
        name=name.removesuffix(".toml"),
        dark=dark,
        colors=MappingProxyType(parts["colors"]),
        diff=MappingProxyType(parts["diff"]),
        syntax=MappingProxyType(parts["syntax"]),
    )


def find_themes(environ: Mapping[str, str]) -> Mapping[str, Path]:
    """Theme name -> file. The user's own win over the shipped ones of the same name."""
    found: dict[str, Path] = {}
    for folder in (shipped_folder(), config_dir(environ) / "themes"):
        if folder is not None and folder.is_dir():
            found |= {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return found


def load_theme(path: Path) -> Theme:
    """The theme in this file. Raises UsageFault, DiskFault."""
    return parse(path.name, toml.read_text(path))


def shipped_folder() -> Path | None:
    """themes/ inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "themes", package.parent / "themes"):
        if folder.is_dir():
            return folder
    return None


def _wrong(value: Any, part: str, key: str) -> str:
    """Why a value cannot be used, or ""."""
    if not isinstance(value, str):
        return "it is not text"
    if part == "syntax" and key == "base":
        return "" if re.fullmatch(r"[a-z][a-z0-9-]*", value) else "it names no mapping"
    colors = without_style(value) if part != "colors" else value.strip()
    if not colors and value.strip():
        return ""
    found = COLOR.fullmatch(colors)
    if found is None:
        return "it is no colour"
    name = found[1]
    if name.startswith("ansi_") and name not in (*ANSI_NAMES, "ansi_default"):
        return "it is no ANSI colour"
    if name.startswith("$") and name[1:] not in COLOR_WORDS:
        return f"{name} is no word of [colors]"
    if part == "colors" and name.startswith("$"):
        return "a palette names no other colour"
    return ""


def without_style(value: str) -> str:
    return " ".join(word for word in value.split() if word not in _STYLES)
