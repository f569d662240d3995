"""What the hooks of a commit said and did: findings in their output, files that they changed.

The rule kept here: a finding is about a file that exists in the work tree, and where nothing can
be read out of the output it is still there in full. Hooks are run by git alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spark_tui.errors import RefusedFault, SparkFault
from spark_tui.repo.places import components
from spark_tui.repo.repository import Repository

MOST = 200
"""Findings of one commit; more are not read by anybody."""
_LONGEST = 4_000
"""Characters of a line that are looked at: a line longer than this is data."""
OF_A_COMMIT = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_AT = re.compile(r"(?P<path>[^:()\s][^:()]*?):(?P<line>\d+)(?::(?P<column>\d+))?(?::|\s+-|\s)\s*")
_AT_END = re.compile(r"(?P<path>[^:()\s][^:()]*?):(?P<line>\d+)(?::(?P<column>\d+))?\s*$")
_BRACKETS = re.compile(
    r"(?P<path>[^:()\s][^:()]*?)\((?P<line>\d+)(?:,\s*(?P<column>\d+))?\)\s*:\s*"
)
_ARROW = re.compile(r"\s*-->\s+(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?\s*$")
_PYTHON = re.compile(r'\s*File "(?P<path>[^"]+)", line (?P<line>\d+)')
_BARE = re.compile(r"\s+(?P<line>\d+):(?P<column>\d+)\s+(?P<text>\S.*)$")
_DOING = re.compile(
    r"(?P<verb>fixing|would reformat:?|reformatted|formatted|rewriting|modified:?|unformatted:?)\s+"
    r"(?P<path>\S.*?)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that a hook or git complains about."""

    path: str
    line: int
    """1-based; 0: about the file as a whole."""
    message: str
    column: int = 0


def plain(output: str) -> str:
    """Without colours: they say nothing that the words do not."""
    return _COLOUR.sub("", output).replace("\r\n", "\n")


def findings(output: str, root: Path) -> tuple[Finding, ...]:
    """The places in what hooks said, each once, in order."""
    found: dict[tuple[str, int, int, str], Finding] = {}
    for finding in _read(plain(output).split("\n"), _Paths(root).of):
        key = (finding.path, finding.line, finding.column, finding.message)
        found.setdefault(key, finding)
        if len(found) >= MOST:
            break
    return tuple(found.values())


def _read(lines: list[str], path_of: Callable[[str], str]) -> Iterator[Finding]:
    """Go through the lines; some tools name the file, or say what is wrong, one line before."""
    holder = before = ""
    for raw in lines:
        line = raw[:_LONGEST].rstrip()
        if found := _here(line, before, path_of):
            yield found
        elif (bare := _BARE.match(line)) and holder:
            yield Finding(holder, int(bare["line"]), _words(bare["text"]), int(bare["column"]))
        elif (doing := _DOING.match(line.strip())) and (path := path_of(doing["path"])):
            yield Finding(path, 0, _words(doing["verb"].rstrip(":").lower()))
        elif line.strip():
            holder = path_of(line.strip()) or (holder if line[0].isspace() else "")
        before = line if line.strip() else before


def _here(line: str, before: str, path_of: Callable[[str], str]) -> Finding | None:
    """A line that names file and number itself."""
    for pattern in (_ARROW, _PYTHON):
        if (at := pattern.match(line)) and (path := path_of(at["path"])):
            return Finding(path, int(at["line"]), _words(before), _column(at))
    for pattern in (_BRACKETS, _AT, _AT_END):
        for at in (pattern.match(line), _after_a_word(pattern, line)):
            if at and (path := path_of(at["path"])):
                said = line[at.end() :] or line[: at.start()] or before
                return Finding(path, int(at["line"]), _words(said), _column(at))
    return None


def _after_a_word(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    """`error: a.py:3: no`, `ERROR a.py:3 no`"""
    start = re.match(r"\s*(?:[\w\[\]-]+:?\s+){1,2}", line)
    return pattern.match(line, start.end()) if start else None


def _column(at: re.Match[str]) -> int:
    return int(at.groupdict().get("column") or 0)


def _words(text: str) -> str:
    return " ".join(text.split()).strip("- ")


class _Paths:
    """Names in an output as paths of the work tree; "" for what is none."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        name = name.strip().strip("`'\"").removeprefix("./")
        if name not in self._known:
            self._known[name] = self._look(name)
        return self._known[name]

    def _look(self, name: str) -> str:
        prefix = f"{self._root}/"
        path = name.removeprefix(prefix) if name.startswith(prefix) else name
        if not path or len(path) > _LONGEST or "\0" in path:
            return ""
        try:
            components(path)
            place = self._root / path
            return path if place.is_file() and not place.is_symlink() else ""
        except (RefusedFault, OSError, ValueError):
            return ""


# -- which hooks there are, and what they changed -----------------------------------
def hooks_folder(repo: Repository) -> Path:
    """Where git looks for the hooks of this work tree, as the user has it configured."""
    said = repo.git.run("rev-parse", "--git-path", "hooks", as_user=True)
    return repo.root / os.fsdecode(said.out.removesuffix(b"\n"))


def hooks_of_a_commit(repo: Repository) -> tuple[str, ...]:
    """Those that git would run."""
    folder = hooks_folder(repo)
    return tuple(
        n for n in OF_A_COMMIT if os.access(folder / n, os.X_OK) and (folder / n).is_file()
    )


Looks = dict[str, tuple[str, int, int, int]]
"""Path that differs from the index -> how it differs, and what tells whether it was written."""


def looks(repo: Repository) -> Looks:
    """How the work tree looks; compared with how it looked before, it says what hooks changed."""
    found: Looks = {}
    try:
        marks = repo.status().marks
    except SparkFault:
        return found
    for path, mark in marks.items():
        if mark[1] == ".":  # it differs from HEAD only, which a commit moves
            continue
        try:
            stat = os.lstat(repo.root / path)
            found[path] = (mark[1], stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            found[path] = (mark[1], 0, 0, 0)
    return found


def changed_between(before: Looks, after: Looks) -> tuple[str, ...]:
    """Paths whose files were written, made or removed meanwhile."""
    paths = before.keys() | after.keys()
    return tuple(sorted(p for p in paths if before.get(p) != after.get(p)))
