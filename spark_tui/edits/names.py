"""Which paths a reply may name.

The rule kept here: a path that passes is relative, stays below the root by its text alone, and
does not touch a `.git` under any spelling a file system may fold. What is on the disk at that
place (links, directories, nested repositories) is the tree's to say.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DRIVE = re.compile(r"[A-Za-z]:")
_QUOTES = "`'\""
_LONGEST = 4096
_LONGEST_PART_BYTES = 255


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done; a value, not an error."""

    code: str
    message: str


def check_path(raw: str, root: str = "") -> str | Refusal:
    """The normalised relative POSIX path, or why it is refused.

    An absolute path below `root` (absolute itself) is taken as the relative one.

    >>> check_path("./src//app.py")
    'src/app.py'
    >>> check_path("../secret").message
    "'../secret' leaves the work tree"
    """
    path = unquote(raw)
    if root and path.startswith(f"{root.rstrip('/')}/"):
        path = path[len(root.rstrip("/")) + 1 :].lstrip("/")
    reason = _reason(path)
    if reason:
        return Refusal("path", f"{path!r} {reason}")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts:
        return Refusal("path", f"{path!r} names no file")
    return "/".join(parts)


def unquote(raw: str) -> str:
    """The path without blanks and one pair of quotes or backticks around it."""
    path = raw.strip(" \t\r\n")
    if len(path) > 1 and path[0] == path[-1] and path[0] in _QUOTES:
        path = path[1:-1].strip(" \t")
    return path


def base_name(path: str) -> str:
    """The last component.

    >>> base_name("src/app.py")
    'app.py'
    """
    return path.rpartition("/")[2]


def _reason(path: str) -> str:
    if not path:
        return "names no file"
    if len(path) > _LONGEST:
        return "is too long"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in path):
        return "holds a control character"
    if "\\" in path:
        return "holds a backslash"
    if path.startswith("/"):
        return "is absolute"
    if path.startswith("~"):
        return "starts in a home directory"
    if _DRIVE.match(path):
        return "starts with a drive letter"
    for part in path.split("/"):
        if part == "..":
            return "leaves the work tree"
        if _is_git(part):
            return "is inside a .git"
        if len(part.encode("utf-8", "surrogatepass")) > _LONGEST_PART_BYTES:
            return "has a part that is too long"
    return ""


def _is_git(part: str) -> bool:
    """Whether some file system takes this component for `.git`.

    Ignorable code points, case, composition, trailing dots and blanks, streams after a colon and
    the short name are all folded by one file system or another.
    """
    text = "".join(c for c in part if not _ignorable(c))
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(c for c in text if not _ignorable(c))
    text = text.partition(":")[0].rstrip(". \t")
    return text in (".git", "git~1") or text.strip(" \t") == ".git"


def _ignorable(char: str) -> bool:
    if char < "\x7f":
        return False
    return (
        unicodedata.category(char) == "Cf"
        or "\ufe00" <= char <= "\ufe0f"
        or "\u180b" <= char <= "\u180f"
        or "\U000e0000" <= char <= "\U000e0fff"
        or char in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    )
