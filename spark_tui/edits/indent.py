"""How a reply's indentation becomes the file's.

The rule kept here: one map must explain every line that was found in the file, and where the
lines leave the map open (how wide is a tab?) every reading must give the same inserted text, or
there is no map. Which lines are compared is place.py's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

_WIDTHS = range(2, 9)

Convert = Callable[[str], str]


def indent_of(line: str) -> str:
    """The blanks and tabs before the first sign."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def fit(pairs: Sequence[tuple[str, str]], wanted: Iterable[str]) -> Mapping[str, str] | None:
    """Reply indentation to file indentation for each of `wanted`; None if nothing fits for sure.

    `pairs` holds (reply, file) indentations of the lines that were found.

    >>> fit([("    ", "\\t"), ("        ", "\\t\\t")], ["            "])
    {'            ': '\\t\\t\\t'}
    >>> fit([("", "  "), ("  ", "    ")], ["    "])
    {'    ': '      '}
    """
    known = set(pairs)
    asked = set(wanted)
    if all(old == new for old, new in known):
        return {indent: indent for indent in asked}
    converts = list(_converts({old for old, _ in known} | asked))
    tiers: tuple[list[Mapping[str, str]], ...] = (
        [m for c in converts if (m := _plain(c, known, asked)) is not None],
        [m for c in (_same,) if (m := _shifted(c, known, asked)) is not None],
        [m for c in converts if (m := _shifted(c, known, asked)) is not None],
    )
    for found in tiers:
        if found:
            return found[0] if all(m == found[0] for m in found) else None
    return None


def _same(indent: str) -> str:
    return indent


def _converts(indents: Iterable[str]) -> Iterable[Convert]:
    """Tabs as n blanks, or n blanks as a tab, as far as the reply's indentation has any."""
    text = "".join(indents)
    for n in _WIDTHS:
        if "\t" in text:
            yield _expand(n)
        if " " in text:
            yield _compress(n)


def _expand(n: int) -> Convert:
    return lambda indent: indent.replace("\t", " " * n)


def _compress(n: int) -> Convert:
    return lambda indent: indent.replace(" " * n, "\t")


def _plain(
    convert: Convert, known: set[tuple[str, str]], asked: set[str]
) -> Mapping[str, str] | None:
    if any(convert(old) != new for old, new in known):
        return None
    return {indent: convert(indent) for indent in asked}


def _shifted(
    convert: Convert, known: set[tuple[str, str]], asked: set[str]
) -> Mapping[str, str] | None:
    """The converted indentation with one constant part added or dropped in front."""
    old, new = next(iter(known))
    old = convert(old)
    if new.endswith(old):
        add, drop = new[: len(new) - len(old)], ""
    elif old.endswith(new):
        add, drop = "", old[: len(old) - len(new)]
    else:
        return None
    for old, new in known:
        old = convert(old)
        if not old.startswith(drop) or add + old[len(drop) :] != new:
            return None
    result: dict[str, str] = {}
    kinds = set("".join(new for _, new in known))
    for indent in asked:
        mapped = convert(indent)
        if not mapped.startswith(drop):
            return None
        mapped = add + mapped[len(drop) :]
        if kinds and convert is _same and not set(mapped) <= kinds and mapped.strip(" \t") == "":
            return None
        result[indent] = mapped
    return result
