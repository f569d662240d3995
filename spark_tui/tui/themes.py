"""From theme words to what Textual and Rich understand: the only place that mixes colours.

The rule kept here: no colour stands in the code. A look is written in theme words ("bold $accent",
"$success 18%"); what is not in the theme file is derived from its palette, so that every Textual
theme works, too. With ANSI colours nothing can be mixed: a tint becomes the plain text colour, a
faint colour becomes dim. Reading theme files is settings/theme.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from spark_tui.tui.highlight import WORD_OF_TOKEN

if TYPE_CHECKING:
    from spark_tui.settings.theme import Theme as OurTheme

DIFF: Mapping[str, str] = {
    # grounds: what stands behind text
    "added": "$success 14%",
    "removed": "$error 14%",
    "added-word": "bold $success 36%",
    "removed-word": "bold $error 36%",
    "file": "bold $primary 22%",
    "current": "bold $primary 45%",
    "current-blurred": "$primary 20%",
    "hunk": "$foreground 7%",
    # text
    "added-sign": "bold $success",
    "removed-sign": "bold $error",
    "number": "$foreground 40%",
    "bar": "bold $primary",
    "muted": "$foreground 58%",
    "pending": "$foreground 58%",
    "note": "italic $foreground 75%",
    "open": "bold $accent",
    "accepted": "bold $success",
    "rejected": "bold $error",
    "conflict": "bold $warning",
    "risk": "bold $warning",
    "folder": "$secondary",
    "match": "bold underline $accent",
}
"""Look of each word of diff and files, where the theme file has no [diff] line for it."""

SYNTAX: Mapping[str, str] = {
    "text": "$foreground",
    "comment": "italic $foreground 55%",
    "keyword": "$accent",
    "string": "$success",
    "constant": "$warning",
    "number": "$warning",
    "type": "$secondary",
    "builtin": "$secondary",
    "function": "$primary",
    "decorator": "$secondary",
    "attribute": "$primary",
    "heading": "bold $primary",
}
"""Look of each syntax word, where the theme file has no [syntax] line for it."""

_GROUNDS = frozenset(
    ("added", "removed", "added-word", "removed-word", "file", "current", "current-blurred", "hunk")
)
_ATTRIBUTES = frozenset(("bold", "italic", "underline", "dim", "reverse", "strike"))


@dataclass(frozen=True, slots=True)
class Look:
    """A colour, how much of it, and attributes: one value of a theme file, words resolved."""

    color: Color | None
    alpha: float
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looks:
    """Rich styles of all words on one background; made anew when the theme changes."""

    diff: Mapping[str, Style]
    syntax: Mapping[str, Style]

    @classmethod
    def of(cls, variables: Mapping[str, str], ground: Color) -> Looks:
        """From an app's `theme_variables` and the widget's background."""
        return cls(
            {
                word: _style(_look(variables, f"diff-{word}", default), word in _GROUNDS, ground)
                for word, default in DIFF.items()
            },
            {
                word: _style(_look(variables, f"syntax-{word}", default), False, ground)
                for word, default in SYNTAX.items()
            },
        )


def as_textual(theme: OurTheme) -> Theme:
    """A theme file as Textual's Theme, with $diff-… and $syntax-… among its variables.

    Each of these holds a colour with its share; attributes are in the variable with -style.
    """
    colors = dict(theme.colors)
    ansi = all(value.startswith("ansi_") for value in colors.values())
    made = Theme(
        name=theme.name,
        dark=theme.dark,
        ansi=ansi,
        variables=_ansi_variables(theme.dark) if ansi else {},
        **colors,  # type: ignore[arg-type]  # the palette: parse() let nothing else through
    )
    words = made.to_color_system().generate()
    for prefix, defaults, given in (
        ("diff", DIFF, theme.diff),
        ("syntax", SYNTAX, _by_word(theme.syntax)),
    ):
        for word, default in defaults.items():
            look = _parse(given.get(word, default), words)
            color = look.color.hex if look.color else words["foreground"]
            share = "" if look.alpha == 1 else f" {look.alpha:.0%}"
            made.variables[f"{prefix}-{word}"] = color + share
            made.variables[f"{prefix}-{word}-style"] = " ".join(look.attributes) or "none"
    return made


def _ansi_variables(dark: bool) -> dict[str, str]:
    """What Textual's style sheets want to know besides the palette when it is the terminal's."""
    return dict(BUILTIN_THEMES["ansi-dark" if dark else "ansi-light"].variables)


def _by_word(syntax: Mapping[str, str]) -> Mapping[str, str]:
    """[syntax] lines by our words; a theme may name Pygments tokens or the words themselves."""
    looks = dict(_base(syntax.get("base", "words")))
    for name, value in syntax.items():
        if name != "base":
            looks[WORD_OF_TOKEN.get(name) or WORD_OF_TOKEN.get(f"Literal.{name}") or name] = value
    return looks


def _base(name: str) -> Mapping[str, str]:
    """A Pygments style as looks of our words."""
    if name == "words":
        return {}
    from pygments.styles import (  # type: ignore[import-untyped]  # deferred: few themes ask for it
        get_style_by_name,
    )
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        style = get_style_by_name(name)
    except ClassNotFound:
        return {}
    looks: dict[str, str] = {}
    for token, look in style:
        word = WORD_OF_TOKEN.get(".".join(token))
        if word and word not in looks and look["color"]:
            attributes = [name for name in ("bold", "italic", "underline") if look[name]]
            looks[word] = " ".join([*attributes, f"#{look['color']}"])
    return looks


def _look(variables: Mapping[str, str], name: str, default: str) -> Look:
    if name not in variables:
        return _parse(default, variables)
    style = variables.get(f"{name}-style", "none")
    return _parse(f"{variables[name]} {'' if style == 'none' else style}", variables)


def _parse(text: str, words: Mapping[str, str]) -> Look:
    """The value of a theme line. What cannot be read is left out: files were checked before."""
    color: Color | None = None
    alpha = 1.0
    attributes: list[str] = []
    for part in text.split():
        if part in _ATTRIBUTES:
            attributes.append(part)
        elif part.endswith("%") and part[:-1].replace(".", "").isdigit():
            alpha = float(part[:-1]) / 100
        else:
            color = _color(words.get(part[1:], "") if part.startswith("$") else part) or color
    if color is not None and color.a < 1 and color.ansi is None:
        color, alpha = color.with_alpha(1), alpha * color.a
    return Look(color, alpha, tuple(attributes))


def _color(text: str) -> Color | None:
    try:
        return Color.parse(text.split()[0]) if text else None
    except ColorParseError:
        return None


def _style(look: Look, is_ground: bool, ground: Color) -> Style:
    style = Style.parse(" ".join(look.attributes)) if look.attributes else Style()
    color = look.color
    if color is None:
        return style
    if color.ansi is None and ground.ansi is None:
        mixed = ground.with_alpha(1).blend(color, look.alpha).rich_color
        return style + (Style(bgcolor=mixed) if is_ground else Style(color=mixed))
    faint = Style(dim=True) if look.alpha < 1 and not is_ground else Style()
    return style + faint + Style(color=color.rich_color)
