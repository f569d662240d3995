"""A container that is only background, drawn without Textual's styles cache.

The rule kept here: it has no border, padding or content of its own. Textual asks every widget
under a changed place for all its lines in every frame; for what lies under everything this is
most of the work, and all these lines are one.
"""

from __future__ import annotations

from textual.containers import Container
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Ground(Container):
    """Give it children and a background."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return blank_lines(self, crop)


def blank_lines(widget: Widget, crop: Region) -> list[Strip]:
    """The widget's background, as often as there are lines."""
    widget._dirty_regions.clear()
    strip = Strip.blank(crop.width, widget.rich_style)
    _, background = widget.background_colors
    for line_filter in widget.get_line_filters():
        strip = strip.apply_filter(line_filter, background)
    return [strip] * crop.height
