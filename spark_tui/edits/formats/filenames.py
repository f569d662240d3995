"""Which file a unified diff is about, and what happens to it, from its header lines.

The rule kept here: the pair of names decides; two names that contradict each other are a reason to
refuse, never to guess. Whether a path may be touched at all is names.py's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from spark_tui.edits.formats.signals import Op

NOWHERE = "/dev/null"
_PREFIX = re.compile(r"[abciow]/")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_OCTAL = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


@dataclass(slots=True)
class FileHeader:
    """What the lines above the first @@ say, as they come."""

    old: str = ""
    """Name on the --- line, as written; "" if there was none."""
    new: str = ""
    git: str = ""
    """The rest of the "diff --git" line."""
    source: str = ""
    """"rename from"."""
    target: str = ""
    """"rename to"."""
    added: bool = False
    """"new file mode" was said."""
    removed: bool = False
    """"deleted file mode" was said."""
    mode: int | None = None
    """0o644 or 0o755 where the file gets another one."""
    cannot: str = ""
    """Why this section cannot be done by lines."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The file that a section is about."""

    op: Op
    path: str
    move_to: str = ""
    refused: str = ""


def read_extended(line: str, header: FileHeader) -> bool:
    """Take one of git's own header lines; False if it is none."""
    word, _, value = line.partition(" ")
    match line.split(" ", 2)[:2]:
        case ["rename", "from"]:
            header.source = read_name(line[12:])
        case ["rename", "to"]:
            header.target = read_name(line[10:])
        case ["new", "file"]:
            header.added = True
            header.mode = _mode(line) if _mode(line) == 0o755 else None
        case ["deleted", "file"]:
            header.removed = True
        case ["old", "mode"]:
            pass
        case ["new", "mode"]:
            header.mode = _mode(line)
        case ["copy", _]:
            header.cannot = "a copy of a file is not made from a diff: send the new file as such"
        case ["Binary", "files"] | ["GIT", "binary"]:
            header.cannot = "the diff is about binary data"
        case _:
            return word in ("index", "similarity", "dissimilarity") and bool(value)
    if line.endswith((" 120000", " 160000")):
        header.cannot = "the diff is about a link or a submodule"
    return True


def read_name(text: str) -> str:
    """A name as diff writes it: up to a tab; quotes with octal bytes undone.

    >>> read_name('"a/caf\\\\303\\\\251.txt"')
    'a/café.txt'
    """
    name = (text if text.startswith('"') else text.partition("\t")[0]).strip(" \t")
    if len(name) > 1 and name[0] == name[-1] == '"':
        raw = _OCTAL.sub(_unescaped, name[1:-1].encode("utf-8", "surrogatepass"))
        return raw.decode("utf-8", "surrogateescape")
    return name


def meaning(header: FileHeader, is_file: Callable[[str], bool]) -> Meant:
    """The file and what happens to it. `is_file` tells whether there is one by that name."""
    old, new = header.old, header.new
    both = _half(header.git)
    if header.added or old == NOWHERE:
        return Meant("add", _alone(new, both), refused=header.cannot)
    if header.removed or new == NOWHERE:
        return Meant("erase", _alone(old, both), refused=header.cannot)
    if not old and not new:
        old = new = both
    if header.source and header.target:
        return Meant("update", header.source, header.target, header.cannot)
    here, there = _pair(old, new, is_file)
    if here == there or (is_file(there) and not is_file(here)):
        return Meant("update", there, refused=header.cannot)
    if not is_file(here):
        return Meant("update", there, refused=header.cannot)
    why = f"the header names two files, {here} and {there}, and says nothing of a rename"
    return Meant("update", here, refused=header.cannot or why)


def _pair(old: str, new: str, is_file: Callable[[str], bool]) -> tuple[str, str]:
    """Both names without what diff put in front of them."""
    if old == new:
        return old, new
    if _PREFIX.match(old) and _PREFIX.match(new) and old[:2] != new[:2]:
        return old[2:], new[2:]
    return (old if is_file(old) else _bare(old)), (new if is_file(new) else _bare(new))


def _bare(name: str) -> str:
    return name[2:] if _PREFIX.match(name) else name


def _alone(name: str, both: str) -> str:
    """The same for a name that has no fellow but those of git's own line, if there is one."""
    return both if both in (name, _bare(name)) or name in ("", NOWHERE) else _bare(name)


def _half(both: str) -> str:
    """ "a/x b/x" names x twice; twice the same name has nothing in front.

    >>> _half("a/some file b/some file"), _half("a/x a/x")
    ('some file', 'a/x')
    """
    if quoted := _QUOTED.match(both):
        left, right = read_name(quoted[0]), read_name(both[quoted.end() :].strip())
    else:
        middle = len(both) // 2
        left, right = both[:middle], both[middle + 1 :]
        if _bare(left) != _bare(right):
            left, _, right = both.partition(" ")
    return left if left == right else _bare(left)


def _mode(line: str) -> int | None:
    digits = line.rpartition(" ")[2]
    if not re.fullmatch(r"100[0-7]{3}", digits):
        return None
    return 0o755 if int(digits, 8) & 0o100 else 0o644


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return bytes((int(sign, 8) & 0xFF,)) if len(sign) == 3 else _PLAIN.get(sign, sign)
