"""Can a theme be read? Computed, so that tests and `doctor --theme` hold every theme to it.

The rule kept here: text has 4.5 : 1 against everything it may stand on (WCAG AA), and added and
removed stay apart for people who do not tell red from green.
"""

from __future__ import annotations

from collections.abc import Iterator

from spark_tui.settings.theme import COLOR, GROUND_WORDS, SYNTAX_WORDS, Theme, without_style

Rgb = tuple[int, int, int]
TEXT_RATIO = 4.5
FAINT_RATIO = 3.0
"""Line numbers and notes that repeat what a sign says already."""
APART = 12.0
"""Least distance of added and removed, in CIE76 units, as seen without red or green cones."""

_FAINT = frozenset({"number", "muted"})
_GREY_AS_SEEN = {
    # Viénot, Brettel and Mollon 1999, on linear light
    "protan": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deutan": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


def problems(theme: Theme) -> Iterator[str]:
    """One sentence for each pair of colours that is too close. An ANSI theme has none to check."""
    grounds = {"background": "$background", "surface": "$surface"}
    grounds |= {word: value for word, value in theme.diff.items() if word in GROUND_WORDS}
    texts = {"foreground": "$foreground"}
    texts |= {f"syntax {w}": theme.syntax[w] for w in SYNTAX_WORDS if w in theme.syntax}
    code = [g for g in grounds if g not in ("file", "current", "current-blurred")]
    for word, value in texts.items():
        yield from _too_close(theme, word, value, {g: grounds[g] for g in code}, TEXT_RATIO)
    heads = {g: v for g, v in grounds.items() if g not in code}
    yield from _too_close(theme, "foreground", "$foreground", heads, TEXT_RATIO)
    for word, value in theme.diff.items():
        if word not in GROUND_WORDS:
            least = FAINT_RATIO if word in _FAINT else TEXT_RATIO
            yield from _too_close(theme, word, value, {"background": "$background"}, least)
    for one, other in (("added", "removed"), ("added-word", "removed-word"),
                       ("added-sign", "removed-sign")):  # fmt: skip
        first = resolve(theme, theme.diff.get(one, ""))
        second = resolve(theme, theme.diff.get(other, ""))
        if first and second:
            for eye in _GREY_AS_SEEN:
                gap = distance(as_seen(first, eye), as_seen(second, eye))
                if gap < APART:
                    yield f"{one} and {other} look alike to {eye} eyes ({gap:.1f} < {APART:.0f})"


def resolve(theme: Theme, value: str, *, below: str = "background") -> Rgb | None:
    """The colour a value ends up as on one of this theme's grounds; None for the terminal's own."""
    found = COLOR.fullmatch(without_style(value))
    if found is None:
        return None
    named = found[1]
    if named.startswith("$"):
        color = resolve(theme, theme.colors.get(named[1:], ""), below=below)
    elif named.startswith("#"):
        color = (int(named[1:3], 16), int(named[3:5], 16), int(named[5:7], 16))
    else:
        return None
    ground = resolve(theme, theme.colors.get(below, "")) if found[3] else None
    if color is None or ground is None:
        return color
    share = int(found[3]) / 100
    red, green, blue = (round(b + (c - b) * share) for c, b in zip(color, ground, strict=True))
    return red, green, blue


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG contrast ratio, 1 to 21.

    >>> contrast((0, 0, 0), (255, 255, 255))
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def as_seen(color: Rgb, eye: str) -> Rgb:
    """The colour as a person without red (protan) or green (deutan) cones sees it."""
    linear = [_linear(v) for v in color]
    mixed = [sum(f * v for f, v in zip(r, linear, strict=True)) for r in _GREY_AS_SEEN[eye]]
    red, green, blue = (_encoded(v) for v in mixed)
    return red, green, blue


def distance(one: Rgb, other: Rgb) -> float:
    """How far apart two colours look (CIE76): 2 is just visible, 100 is black and white."""
    first, second = _lab(one), _lab(other)
    return float(sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5)


def _too_close(
    theme: Theme, word: str, value: str, grounds: dict[str, str], least: float
) -> Iterator[str]:
    for name, ground in grounds.items():
        below, above = resolve(theme, ground), resolve(theme, value)
        if below and above and (ratio := contrast(above, below)) < least:
            yield f"{word} on {name}: {ratio:.2f} : 1 is below {least}"


def _linear(value: int) -> float:
    c = value / 255
    return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)


def _encoded(value: float) -> int:
    value = min(1.0, max(0.0, value))
    c = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(c * 255)


def _luminance(color: Rgb) -> float:
    red, green, blue = (_linear(v) for v in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lab(color: Rgb) -> tuple[float, float, float]:
    red, green, blue = (_linear(v) for v in color)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089

    def bent(t: float) -> float:
        return float(t ** (1 / 3)) if t > 0.008856 else 7.787 * t + 16 / 116

    fx, fy, fz = bent(x), bent(y), bent(z)
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
