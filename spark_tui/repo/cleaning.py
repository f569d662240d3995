"""What git makes of a file's bytes on the way into the index and back: endings, and filters named.

The rule kept here: nothing is run. Endings are converted as git does it; a path whose content
another program converts is only named (`Rule.filter`), so that nobody takes its bytes for the
index's. Who may run that program is staging.py's business.

Source: gitattributes(5), "text", "eol", "ident", "working-tree-encoding", "filter"; git-config(1),
core.autocrlf, core.eol, core.safecrlf.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spark_tui.errors import GitFault
from spark_tui.repo.repository import Repository

_ATTRIBUTES = ("text", "crlf", "eol", "filter", "ident", "working-tree-encoding")
_SETTINGS = r"^(core\.(autocrlf|eol|safecrlf|filemode)|filter\..*\.(clean|process|required))$"
_OFF = frozenset({"unspecified", "unset", ""})
_TAB_AND_THE_LIKE = frozenset(b"\b\t\x0c\x1b")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one path is converted."""

    ends: str = "raw"
    """raw: not at all; text: always; auto: unless it looks binary, or the index has CRLF."""
    crlf: bool = False
    """Lines of a checkout end with CRLF."""
    filter: str = ""
    """What else converts it: the name of a filter, ident, an encoding; "" for nothing."""
    is_strict: bool = False
    """core.safecrlf: what a checkout would not give back is not taken."""


AS_IT_IS = Rule()


class Rules:
    """The rules of one repository for some paths, as of now."""

    def __init__(self, repository: Repository, paths: Sequence[str]) -> None:
        self._settings = _settings(repository)
        self._attributes = _attributes(repository, paths)
        self.sees_bits = self._settings.get("core.filemode", "true").lower() in ("true", "yes", "1")
        """Whether the executable bit of the disk counts."""

    def of(self, path: str) -> Rule:
        """The rule for one of the paths."""
        found = self._attributes.get(path, {})
        ends, crlf = self._ends(found)
        is_strict = self._settings.get("core.safecrlf", "") in ("true", "yes", "on", "1")
        return Rule(ends, crlf, self._filter(found), is_strict)

    def _ends(self, found: Mapping[str, str]) -> tuple[str, bool]:
        said = _word(found.get("text", "")) or _word(found.get("crlf", ""))
        if said == "raw":
            return "raw", False
        eol = found.get("eol", "")
        autocrlf = self._settings.get("core.autocrlf", "false").lower()
        converts = autocrlf in ("true", "yes", "on", "1", "")
        by_default = converts or (
            autocrlf != "input" and self._settings.get("core.eol", "").lower() == "crlf"
        )
        if eol in ("lf", "crlf"):
            return ("auto" if said == "auto" else "text"), eol == "crlf"
        if said == "input":
            return "text", False
        if said:
            return said, by_default
        return ("auto", converts) if converts or autocrlf == "input" else ("raw", False)

    def _filter(self, found: Mapping[str, str]) -> str:
        name = found.get("filter", "")
        if name not in _OFF and any(
            f"filter.{name}.{verb}" in self._settings for verb in ("clean", "process", "required")
        ):
            return name
        if found.get("ident", "") == "set":
            return "ident"
        encoding = found.get("working-tree-encoding", "")
        return "" if encoding in _OFF or encoding.lower() in ("utf-8", "utf8") else encoding


def cleaned(rule: Rule, data: bytes, in_index: bytes | None) -> bytes:
    """The bytes as the index would get them, endings considered."""
    if rule.ends == "raw" or b"\r\n" not in data:
        return data
    if rule.ends == "auto" and (looks_binary(data) or (in_index and _has_crlf(in_index))):
        return data
    return data.replace(b"\r\n", b"\n")


def smudged(rule: Rule, data: bytes) -> bytes:
    """The bytes as a checkout would write them, endings considered."""
    if rule.ends == "raw" or not rule.crlf or not data:
        return data
    if rule.ends == "auto" and (b"\r" in data or looks_binary(data)):
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def is_lossy(rule: Rule, data: bytes, in_index: bytes | None) -> bool:
    """Whether core.safecrlf forbids to take these bytes."""
    if not rule.is_strict or rule.ends == "raw" or (rule.ends == "auto" and looks_binary(data)):
        return False
    if rule.crlf:
        return data.count(b"\n") > data.count(b"\r\n")
    return cleaned(rule, data, in_index) != data


def looks_binary(data: bytes) -> bool:
    """As git judges before it converts endings: a lone CR, a NUL, too many control signs."""
    if b"\0" in data or data.count(b"\r") > data.count(b"\r\n"):
        return True
    body = data.removesuffix(b"\x1a")
    odd = sum(body.count(bytes((sign,))) for sign in _ODD)
    ends = body.count(b"\n") + body.count(b"\r\n")
    return (len(body) - ends - odd) >> 7 < odd


_ODD = tuple(
    sign for sign in (*range(1, 32), 127) if sign not in _TAB_AND_THE_LIKE and sign not in b"\r\n"
)


def _has_crlf(data: bytes) -> bool:
    at = data.find(b"\r")
    return at >= 0 and b"\r\n" in data and not looks_binary(data[at:])


def _word(value: str) -> str:
    match value:
        case "set":
            return "text"
        case "unset":
            return "raw"
        case "auto" | "input":
            return value
        case _:
            return ""


def _settings(repository: Repository) -> dict[str, str]:
    said = repository.git.run("config", "-z", "--get-regexp", _SETTINGS)
    found: dict[str, str] = {}
    for record in os.fsdecode(said.out).split("\0"):
        name, _, value = record.partition("\n")
        if name:
            found[name] = value
    return found


def _attributes(repository: Repository, paths: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if not paths:
        return found
    said = repository.git.run(
        *("check-attr", "--stdin", "-z", *_ATTRIBUTES),
        input=b"".join(os.fsencode(path) + b"\0" for path in paths),
    )
    if said.status != 0:
        raise GitFault("git failed.", hint=said.err.decode("utf-8", "replace").strip())
    fields = os.fsdecode(said.out).split("\0")
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if value not in _OFF or value == "unset":
            found.setdefault(path, {})[name] = value
    return found
