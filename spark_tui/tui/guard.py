"""The last line of defence for the terminal: a filter over every line that is drawn.

The rule kept here: no code point that a terminal obeys or hides, and no link, leaves through the
screen, whatever a widget was given. Panes show untrusted text through `text.visible` first; this
catches what somebody forgot. Widgets that draw around Textual's styles cache (LineView) ask for
the app's filters themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from spark_tui.text import HIDDEN

_ALWAYS = "\t\n"


class Guard(LineFilter):
    """Deletes what must not reach a terminal, drops links that are not on the list."""

    def __init__(self, allowed_links: Iterable[str] = ()) -> None:
        super().__init__()
        self._links = frozenset(allowed_links)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(_is_harmless(segment) for segment in segments):
            return segments
        return [self._clean(segment) for segment in segments]

    def _clean(self, segment: Segment) -> Segment:
        text, style, control = segment
        if control is not None:
            return segment
        if not text.isprintable():
            text = HIDDEN.sub("", text)
            for sign in _ALWAYS:
                text = text.replace(sign, " ")
        elif not text.isascii():
            text = HIDDEN.sub("", text)
        if style is not None and style.link and style.link not in self._links:
            style = style.update_link(None)
        return Segment(text, style)


def _is_harmless(segment: Segment) -> bool:
    """Plain printable ASCII without a link: nearly every segment."""
    text, style, _ = segment
    return text.isascii() and text.isprintable() and (style is None or style.link is None)
