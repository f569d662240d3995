"""A scrolling view drawn line by line: the base of the chat transcript, the diff and the file tree.

The rule kept here: growth costs what the new rows cost. No Textual widget stands for a line, no
feed causes a layout, an unchanged row is the same Strip object in every frame, and only visible
rows are ever asked for. What a row says and when its strip is forgotten is the subclass's affair.

Two things follow from drawing around Textual's styles cache. The app's line filters (no colour,
the terminal guard) are applied here, by hand. And padding, borders and opacity of the view itself
are not drawn: put them on the container around it.
"""

from __future__ import annotations

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget


class LineView(ScrollView, can_focus=False):
    """Rows as final strips. Subclasses give `line_count`, `line` and `forget`."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        follow: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._follows = follow
        self._follow = follow
        self._thumb = (-1, -1)
        self._styles_seen: dict[tuple[str, ...], Style] = {}
        self._ground: Style | None = None
        self._drawn_width = -1

    # -- for subclasses --------------------------------------------------------
    def line_count(self) -> int:
        """How many rows there are now."""
        raise NotImplementedError

    def line(self, y: int, width: int) -> Strip:
        """The strip of row `y`; the same object as long as the row looks the same."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop all strips: the width or the theme changed. The row count may change with it."""

    def style_of(self, *names: str) -> Style:
        """The style of component classes, kept until the theme changes.

        Textual's own cache of these is emptied by every refresh.
        """
        style = self._styles_seen.get(names)
        if style is None:
            style = self._styles_seen[names] = self.get_component_rich_style(*names)
        return style

    # -- what the outside may ask ----------------------------------------------
    @property
    def follow(self) -> bool:
        """Stick to the end. Scrolling up turns it off, scrolling back to the end on again."""
        return self._follow

    @follow.setter
    def follow(self, value: bool) -> None:
        self._follows = self._follows or value
        self._follow = value
        if value:
            self.move_to(self.last_top)

    @property
    def top(self) -> int:
        """The row at the upper edge."""
        return self.scroll_offset.y

    @property
    def height(self) -> int:
        """Rows that fit in the view; 0 before it is laid out."""
        return self.size.height

    @property
    def width(self) -> int:
        """Cells of a row, without the scrollbar; 0 before it is laid out."""
        return max(0, self.size.width - self.scrollbar_size_vertical)

    @property
    def last_top(self) -> int:
        """The row at the upper edge when scrolled to the end."""
        return max(0, self.line_count() - self.height)

    def grew(self, first: int, old_total: int) -> None:
        """Rows from `first` on changed or were added; before that there were `old_total`."""
        total = self.line_count()
        top = self.last_top if self._follow else min(self.top, self.last_top)
        if self._settle(top):
            self._refresh_all()
        else:
            self._refresh_rows(first, max(total, old_total) - first)

    def reflowed(self, top: int) -> None:
        """Any row may be elsewhere now; the view shows row `top` at its upper edge."""
        self._settle(max(0, min(top, self.last_top)))
        self._refresh_all()

    def changed(self, first: int, count: int = 1) -> None:
        """These rows look different; their number is the same."""
        self._refresh_rows(first, count)

    def move_to(self, top: int) -> None:
        """Scroll so that row `top` is at the upper edge, as far as there are rows."""
        if self._settle(max(0, min(top, self.last_top))):
            self._refresh_all()

    def show_row(self, y: int, *, context: int = 2) -> None:
        """Scroll as little as needed to have row `y` and `context` rows around it in view."""
        height = self.height
        context = min(context, max(0, (height - 1) // 2))
        if y - context < self.top:
            self.move_to(y - context)
        elif y + context >= self.top + height:
            self.move_to(y + context - height + 1)

    # -- Textual's side --------------------------------------------------------
    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """A person scrolled (our own moves do not pass here)."""
        super().watch_scroll_y(old_value, new_value)
        if self._follows:
            self._follow = round(new_value) >= self.last_top

    def on_resize(self, _event: events.Resize) -> None:
        if self._drawn_width != self.width:
            self._drawn_width = self.width
            self.forget()
        self._thumb = (-1, -1)
        self._settle(self.last_top if self._follow else min(self.top, self.last_top))
        self._refresh_all()

    def notify_style_update(self) -> None:
        """Theme, focus or a class changed what component classes look like."""
        super().notify_style_update()
        self._styles_seen.clear()
        self._ground = None
        if self.is_mounted:
            self.forget()

    def render_line(self, y: int) -> Strip:
        return self._rows(y, y + 1)[0]

    def render_lines(self, crop: Region) -> list[Strip]:
        self._dirty_regions.clear()
        strips = self._rows(crop.y, crop.bottom)
        _, background = self.background_colors
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            left, right = crop.column_span
            strips = [strip.crop(left, right) for strip in strips]
        return strips

    # -- private ---------------------------------------------------------------
    def _rows(self, start: int, end: int) -> list[Strip]:
        """Strips of these screen rows on the view's own ground, as wide as it with its scrollbar.

        Each step keeps its result inside the strip, so an unchanged row stays one object.
        """
        full, width, total, top = self.size.width, self.width, self.line_count(), self.top
        if self._ground is None:
            self._ground = self.rich_style
        ground = self._ground
        blank = Strip.blank(full, ground)
        return [
            self.line(y, width).adjust_cell_length(full).apply_style(ground)
            if 0 <= y < total
            else blank
            for y in range(start + top, end + top)
        ]

    def _settle(self, top: int) -> bool:
        """Make size, offset and scrollbar true without a layout. Says whether the view moved."""
        size = Size(self.size.width, self.line_count())
        moved = top != self.top
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
        if moved:
            self.set_reactive(Widget.scroll_y, float(top))
            self.set_reactive(Widget.scroll_target_y, float(top))
        self._move_thumb(size.height, top)
        return moved

    def _move_thumb(self, total: int, top: int) -> None:
        """Repaint the scrollbar only when its thumb moves by at least an eighth of a cell."""
        height = self.height
        if not height or not self.is_mounted or not self.show_vertical_scrollbar:
            return
        bar = self.vertical_scrollbar
        bar.set_reactive(type(bar).window_virtual_size, total)
        bar.set_reactive(type(bar).window_size, height)
        bar.set_reactive(type(bar).position, float(top))
        eighths = height * 8 / max(total, height)
        thumb = (int(top * eighths), int(min(total, height) * eighths))
        if thumb != self._thumb:
            self._thumb = thumb
            bar.refresh()

    def _refresh_all(self) -> None:
        self.refresh(self.size.region)

    def _refresh_rows(self, first: int, count: int) -> None:
        """Mark the visible ones of these rows for painting."""
        start = max(0, first - self.top)
        end = min(self.height, first + count - self.top)
        if end > start:
            self.refresh(Region(0, start, self.size.width, end - start))
