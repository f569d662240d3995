"""Drawing now, not at the screen's next tick.

The rule kept here: this changes when dirty widgets are painted, never what they look like. A typed
letter and the first and last line of an answer must not wait up to 16 ms (two ticks while an
answer streams) for Textual's timer. What is dirty is decided by the widgets as ever.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget


def paint_now(widgets: Iterable[Widget]) -> None:
    """Paint those of `widgets` that are dirty, unless a layout is due (it paints everything)."""
    dirty = {
        part
        for widget in widgets
        for part in _parts(widget)
        if part.is_mounted and part._repaint_required and part.display
    }
    if not dirty:
        return
    screen = next(iter(dirty)).screen
    app = screen.app
    if not screen.is_current or app._batch_count or screen._layout_required:
        return
    if any(widget._layout_required for widget in dirty):
        return
    for widget in dirty:
        widget._repaint_required = False
    screen._compositor.update_widgets(dirty | screen._dirty_widgets)
    screen._compositor_refresh()


def _parts(widget: Widget) -> Iterable[Widget]:
    """The widget and its scroll bar: left to the timer, the bar would cost a frame of its own."""
    yield widget
    if widget.show_vertical_scrollbar:
        yield widget.vertical_scrollbar
