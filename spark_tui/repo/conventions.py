"""What the messages of a repository's log have in common, found by counting.

The rule kept here: only a clear majority is a convention, and each is one short fact with its
figures; nothing is made up where the log has none. Pure text in, values out.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FEWEST = 4
"""Messages below which nothing is a habit."""
_MOST = 0.6
_TYPE = re.compile(r"(?P<type>[a-z]{2,12})(?:\((?P<scope>[^()\n]{1,40})\))?!?: +(?=\S)")
_TYPES = frozenset(
    ("build", "chore", "ci", "deps", "doc", "docs", "feat", "fix", "hotfix", "perf", "refactor",
     "release", "revert", "style", "test", "tests", "wip")
)  # fmt: skip
_AREA = re.compile(r"(?P<area>[\w./*-]{1,40}(?:, ?[\w./*-]{1,40})*): +(?=\S)")
_TICKET = re.compile(r"\[?\b(?P<key>[A-Z][A-Z0-9]{1,9}-\d+)\b\]?:? *")
_NUMBER = re.compile(r"(?<!\w)#\d+\b")
_EMOJI = re.compile(r"(?::[a-z0-9_+-]+:|[\u2600-\u27bf\U0001f300-\U0001faff])")
_TRAILER = re.compile(r"[A-Z][A-Za-z-]+: \S")
_MACHINE = re.compile(r"(?:Merge|Revert|Bump|fixup!|squash!) ?")


@dataclass(frozen=True, slots=True)
class Conventions:
    """How subjects look here, and whether bodies are written."""

    prefix: str = ""
    """type (Conventional Commits), area ("parser: fix"), ticket, emoji, ""."""
    types: tuple[str, ...] = ()
    """The types or areas in use, the most frequent first."""
    scopes: tuple[str, ...] = ()
    has_capital: bool | None = None
    """How the words after the prefix begin; None: no habit."""
    has_stop: bool = False
    """Subjects end with a full stop."""
    is_past: bool = False
    """"Added", not "Add"."""
    typical: int = 0
    """Characters of a subject, the median."""
    longest: int = 0
    """Nine of ten subjects are not longer."""
    bodies: float = 0.0
    """Share of messages with a body."""
    has_lists: bool = False
    """Bodies are lists of points."""
    numbers: float = 0.0
    """Share of subjects that name an issue as #12."""
    ticket: str = ""
    """An issue key as it looks here, PROJ-, where subjects carry one."""

    @property
    def limit(self) -> int:
        """How long a subject may be."""
        return min(72, max(50, self.longest)) if self.longest else 60

    def facts(self) -> tuple[str, ...]:
        """Short sentences for whoever writes the next message."""
        if not self.typical:
            return ()
        found = [f"Subjects have {self.typical} characters, most at most {self.longest}."]
        match self.prefix:
            case "type":
                scopes = f" Scopes in use: {', '.join(self.scopes)}." if self.scopes else ""
                found.append(
                    f"Each begins with a type and a colon: {', '.join(self.types)}.{scopes}"
                )
            case "area":
                found.append(f"Each begins with an area and a colon: {', '.join(self.types)}.")
            case "emoji":
                found.append(f"Each begins with an emoji: {' '.join(self.types)}")
            case _:
                found.append("There is no prefix.")
        if self.ticket:
            found.append(
                f"Many carry an issue key like {self.ticket}12: only when the request names one."
            )
        elif self.numbers >= _MOST:
            found.append("Many name an issue as #12: only when the request names one.")
        if self.has_capital is not None:
            how = "a capital" if self.has_capital else "a small letter"
            found.append(f"The first word{' after it' if self.prefix else ''} has {how}.")
        found.append("It is in the past tense." if self.is_past else "It is imperative.")
        if self.has_stop:
            found.append("Subjects end with a full stop.")
        share = round(self.bodies * 100)
        shape = ", as a list of points" if self.has_lists and share else ""
        found.append(f"{share} % have a body{shape}.")
        return tuple(found)


def conventions(messages: Sequence[str]) -> Conventions:
    """Count; merges and what machines write are left out."""
    written = [m.strip() for m in messages if m.strip() and not _MACHINE.match(m.strip())]
    if len(written) < FEWEST:
        return Conventions()
    subjects = [m.partition("\n")[0].strip() for m in written]
    prefix, types, scopes, bare = _prefix(subjects)
    tickets = Counter(at["key"].rpartition("-")[0] for s in subjects if (at := _TICKET.search(s)))
    bare = [_TICKET.sub("", words, count=1).strip() for words in bare]
    bodies = [b for m in written if (b := _body(m))]
    letters = [words[0] for words in bare if words and words[0].isalpha()]
    capital = _share(letters, str.isupper)
    sizes = sorted(len(s) for s in subjects)
    return Conventions(
        prefix=prefix,
        types=types,
        scopes=scopes,
        has_capital=True if capital >= _MOST else False if capital <= 1 - _MOST else None,
        has_stop=_share(subjects, lambda s: s.endswith(".")) >= _MOST,
        is_past=_share(bare, _is_past) >= 0.4,
        typical=round(statistics.median(sizes)),
        longest=sizes[min(len(sizes) - 1, len(sizes) * 9 // 10)],
        bodies=len(bodies) / len(written),
        has_lists=_share(bodies, lambda b: b.lstrip().startswith(("- ", "* "))) >= _MOST,
        numbers=_share(subjects, lambda s: bool(_NUMBER.search(s))),
        ticket=f"{tickets.most_common(1)[0][0]}-"
        if sum(tickets.values()) >= _MOST * len(subjects)
        else "",
    )


def _prefix(
    subjects: Sequence[str],
) -> tuple[str, tuple[str, ...], tuple[str, ...], list[str]]:
    """(kind, its words, scopes, the subjects without it)."""
    typed = [at for s in subjects if (at := _TYPE.match(s)) and at["type"] in _TYPES]
    if len(typed) >= _MOST * len(subjects):
        scopes = Counter(at["scope"] for at in typed if at["scope"])
        bare = [at.string[at.end() :] for at in typed]
        kinds = Counter(at["type"] for at in typed)
        usual = scopes if sum(scopes.values()) >= len(typed) / 4 else Counter[str]()
        return "type", _frequent(kinds), _frequent(usual), bare
    areas = [at for s in subjects if (at := _AREA.match(s)) and not _TICKET.match(s)]
    if len(areas) >= _MOST * len(subjects):
        found = Counter(at["area"] for at in areas)
        return "area", _frequent(found), (), [at.string[at.end() :] for at in areas]
    pictured = [at for s in subjects if (at := _EMOJI.match(s))]
    if len(pictured) >= _MOST * len(subjects):
        found = Counter(at[0] for at in pictured)
        return "emoji", _frequent(found), (), [at.string[at.end() :].strip() for at in pictured]
    return "", (), (), list(subjects)


def _frequent(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(word for word, _ in counts.most_common(8))


def _body(message: str) -> str:
    """What stands below the subject, without trailers."""
    below = message.partition("\n")[2].strip()
    lines = [line for line in below.split("\n") if not _TRAILER.match(line)]
    return "\n".join(lines).strip()


def _is_past(words: str) -> bool:
    first = words.partition(" ")[0].lower()
    return first.endswith("ed") and first not in ("embed", "feed", "need", "seed", "shed", "speed")


def _share(items: Sequence[str], claim: Callable[[str], bool]) -> float:
    return sum(1 for item in items if claim(item)) / len(items) if items else 0.0
