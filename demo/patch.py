"""Reads the patches written in the scripts and rewrites them as search/replace blocks.

The rule kept here: the scripts are ours and well formed, so whatever is odd is a ValueError at
loading time. Nothing is applied here: that is the program's work, and the tests'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BEGIN = "*** Begin Patch"
END = "*** End Patch"
LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "tsx": "tsx",
    "md": "markdown",
    "json": "json",
    "css": "css",
    "toml": "toml",
}


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place of a file: the lines that are there, and the lines that shall be there."""

    headers: tuple[str, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What a patch does to one file."""

    action: str
    """add, update, delete."""
    path: str
    move_to: str = ""
    hunks: tuple[Hunk, ...] = ()


def read_patch(text: str) -> tuple[Section, ...]:
    """The sections of one V4A patch."""
    lines = text.strip("\n").split("\n")
    if lines[0] != BEGIN or lines[-1] != END:
        raise ValueError(f"a patch starts with {BEGIN!r} and ends with {END!r}")
    sections: list[Section] = []
    body: list[str] = []
    for line in reversed(lines[1:-1]):
        action, _, path = line.partition(" File: ")
        if line.startswith("*** ") and path:
            sections.append(_section(action[4:].lower(), path, body[::-1]))
            body = []
        else:
            body.append(line)
    if body:
        raise ValueError(f"not a section header: {body[-1]!r}")
    return tuple(reversed(sections))


def _section(action: str, path: str, body: Sequence[str]) -> Section:
    match action:
        case "add":
            if any(not line.startswith("+") for line in body):
                raise ValueError(f"{path}: every line of a new file starts with +")
            return Section(action, path, hunks=(Hunk((), (), tuple(line[1:] for line in body)),))
        case "delete":
            return Section(action, path)
        case "update":
            move_to = ""
            if body and body[0].startswith("*** Move to: "):
                move_to, body = body[0].removeprefix("*** Move to: "), body[1:]
            return Section(action, path, move_to, _hunks(path, body))
    raise ValueError(f"no such action: {action!r}")


def _hunks(path: str, body: Sequence[str]) -> tuple[Hunk, ...]:
    hunks: list[Hunk] = []
    headers: list[str] = []
    old: list[str] = []
    new: list[str] = []

    def close() -> None:
        if old or new:
            hunks.append(Hunk(tuple(headers), tuple(old), tuple(new)))
            headers.clear()
            old.clear()
            new.clear()

    for line in body:
        sign, rest = line[:1], line[1:]
        if line.startswith("@@"):
            close()
            if line[3:]:
                headers.append(line[3:])
        elif sign in (" ", ""):
            old.append(rest)
            new.append(rest)
        elif sign == "-":
            old.append(rest)
        elif sign == "+":
            new.append(rest)
        else:
            raise ValueError(f"{path}: not a line of a hunk: {line!r}")
    close()
    return tuple(hunks)


def only(text: str, path: str) -> str:
    """The patch with the sections of one file; "" when there is none."""
    kept: list[str] = []
    inside = False
    for line in text.strip("\n").split("\n")[1:-1]:
        if line.startswith("*** ") and " File: " in line:
            inside = line.partition(" File: ")[2] == path
        if inside:
            kept.append(line)
    return "\n".join((BEGIN, *kept, END)) + "\n" if kept else ""


def as_blocks(text: str) -> str:
    """The same change as search/replace blocks; as it is where blocks have no word for it."""
    sections = read_patch(text)
    if any(section.action == "delete" or section.move_to for section in sections):
        return text
    return "\n".join(_block(section.path, hunk) for section in sections for hunk in section.hunks)


def _block(path: str, hunk: Hunk) -> str:
    fence = "````" if any("```" in line for line in hunk.old + hunk.new) else "```"
    language = LANGUAGES.get(path.rpartition(".")[2], "")
    return "\n".join(
        (
            path,
            fence + language,
            "<<<<<<< SEARCH",
            *hunk.old,
            "=======",
            *hunk.new,
            ">>>>>>> REPLACE",
            fence,
            "",
        )
    )
