"""From what a person types to the files that are meant: the @ finder, and paths, identifiers and
traceback lines in a prompt.

The rule kept here: ranking only, pure but for the `grep` it is given; what is found is a proposal
that the person sees as chips before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Grep = Callable[[str], Sequence[tuple[str, int, str]]]
"""A fixed word -> (path, line number, line) of its occurrences, bounded."""


@dataclass(frozen=True, slots=True)
class FileHit:
    """One row of the finder."""

    path: str
    mark: str
    """Two letters as git status has them, "" when clean."""
    score: float


_TRACEBACK = re.compile(r'File "([^"]+)", line (\d+)|([\w./-]+\.\w{1,8}):(\d+)')
_PATHLIKE = re.compile(r"(?<![\w@])@?([\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.[A-Za-z]\w{0,7})(?!\w)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_QUOTED = re.compile(r"`([^`\n]{2,80})`")
_DEFINES = re.compile(
    r"^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:pub\s+)?(?:static\s+)?"
    r"(?:def|class|function|func|fn|const|let|var|interface|type|struct|enum|trait)\s+"
)
_COMMON_TEXT = (
    "the and for with that this from into make add use uses using fix file files code line "
    "lines test tests write please should would could when what which where there here then "
    "than them they have has had not but its all any can does will just like also more new "
    "change changes update remove delete rename refactor function method class type types "
    "error errors handling handle better some each every before after only very about give "
    "explain show tell say said discussed why how who return returns value values name names"
)
_COMMON = frozenset(_COMMON_TEXT.split())


def find(
    query: str, files: Sequence[str], marks: Mapping[str, str], *, limit: int = 30
) -> tuple[FileHit, ...]:
    """Files whose path holds the letters of `query` in order, best first; "" lists changed ones."""
    wanted = query.casefold()
    if not wanted:
        changed = [p for p in files if marks.get(p)]
        rest = [p for p in files[: limit * 2] if not marks.get(p)]
        return tuple(FileHit(p, marks.get(p, ""), 0.0) for p in (changed + rest)[:limit])
    pattern = re.compile(".*?".join(map(re.escape, wanted)))
    hits: list[FileHit] = []
    for path in files:
        low = path.casefold()
        match = pattern.search(low)
        if match is not None:
            hits.append(FileHit(path, marks.get(path, ""), _score(low, wanted, match)))
    hits.sort(key=lambda h: (-h.score - (0.5 if h.mark else 0.0), len(h.path), h.path))
    return tuple(hits[:limit])


def _score(low: str, wanted: str, match: re.Match[str]) -> float:
    base = low.rsplit("/", 1)[-1]
    if base == wanted or low == wanted:
        return 10.0
    if base.startswith(wanted):
        return 8.0 + len(wanted) / len(base)
    if wanted in base:
        return 6.0 + len(wanted) / len(base)
    at = low.find(wanted)
    if at >= 0:
        return 5.0 if at == 0 or low[at - 1] in "/_-." else 4.0
    spread = match.end() - match.start()
    return 3.0 * len(wanted) / spread


def mentioned(prompt: str, files: Sequence[str]) -> tuple[str, ...]:
    """Files that the prompt names: @path, path, a unique bare file name, traceback lines."""
    known = set(files)
    by_name: dict[str, list[str]] = {}
    for path in files:
        by_name.setdefault(path.rsplit("/", 1)[-1], []).append(path)
    found: dict[str, None] = {}

    def take(raw: str) -> None:
        path = raw.removeprefix("./").rstrip("/.,;:")
        if path in known:
            found[path] = None
            return
        name = path.rsplit("/", 1)[-1]
        same = [
            p for p in by_name.get(name, ()) if p.endswith("/" + path) or path.endswith("/" + p)
        ]
        same = same or (by_name.get(name, []) if "/" not in path else [])
        if len(same) == 1:
            found[same[0]] = None

    for match in _TRACEBACK.finditer(prompt):
        take(match.group(1) or match.group(3))
    for match in _PATHLIKE.finditer(prompt):
        take(match.group(1))
    return tuple(found)


def identifiers(prompt: str) -> tuple[str, ...]:
    """Words that look like names in code: quoted, snake_case, camelCase."""
    quoted = [w for q in _QUOTED.findall(prompt) for w in _WORD.findall(q)]
    shaped = [
        w
        for w in _WORD.findall(_PATHLIKE.sub(" ", prompt))
        if "_" in w or (w[:1].islower() and w != w.lower()) or w[1:] != w[1:].lower()
    ]
    return tuple(dict.fromkeys([*quoted, *shaped]))[:10]


def words(prompt: str) -> tuple[str, ...]:
    """Words of a prompt that may name something in the code, most telling first."""
    plain = _WORD.findall(_PATHLIKE.sub(" ", prompt))
    rest = [w for w in plain if w.casefold() not in _COMMON and len(w) >= 4]
    return tuple(dict.fromkeys([*identifiers(prompt), *rest]))[:10]


def related(
    terms: Sequence[str], files: Sequence[str], grep: Grep | None, *, limit: int = 3
) -> tuple[str, ...]:
    """Files that these words point at: by name, by definition, by occurrence."""
    scores: dict[str, float] = {}
    known = set(files)
    for term in terms:
        low = term.casefold()
        stem = low[:-1] if low.endswith("s") and len(low) > 4 else low
        for path in files:
            name = path.rsplit("/", 1)[-1].casefold()
            bare = name.split(".", 1)[0]
            if bare in (low, stem) or stem in re.split(r"[_\-]", bare):
                scores[path] = scores.get(path, 0) + 4.0
            elif len(stem) >= 5 and (stem in bare or (len(bare) >= 5 and bare in stem)):
                scores[path] = scores.get(path, 0) + 2.0
    if grep is not None:
        for rank, term in enumerate(terms[:6]):
            hits = grep(term)
            spread = len({p for p, _, _ in hits})
            if not hits or spread > 40:
                continue
            weight = 3.0 / (1 + 0.25 * spread) / (1 + 0.15 * rank)
            for path in {p for p, _, _ in hits}:
                if path in known:
                    scores[path] = scores.get(path, 0) + weight
            for path, _, line in hits:
                if path in known and _DEFINES.match(line) and re.search(rf"\b{term}\b", line):
                    scores[path] = scores.get(path, 0) + 3.0
    best = sorted(scores.items(), key=lambda kv: (-kv[1], _is_test(kv[0]), len(kv[0]), kv[0]))
    if not best or best[0][1] < 2.0:
        return ()
    floor = max(2.0, best[0][1] * 0.55)
    return tuple(p for p, s in best[:limit] if s >= floor)


def _is_test(path: str) -> bool:
    return "test" in path.casefold()
