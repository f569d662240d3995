"""Textual's compositor, asked for no more than what is dirty.

The rule kept here: the screen looks the same as with the stock one; only what is painted is
rendered. The stock one takes one box around all dirty places and asks every widget whose container
touches it for all its rows, hidden or not: half the CPU of a streaming answer
(docs/decisions/0009-tight-compositor.md). Private parts of Textual are used, therefore its version
is pinned and a test compares both outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from spark_tui.tui.steady import steady


class SteadyChops(ChopsUpdate):
    """Parts of lines, with columns that hold."""

    def render_segments(self, console: Console) -> str:
        return steady(super().render_segments(console))


class SteadyLayout(LayoutUpdate):
    """The whole screen, with columns that hold."""

    def render_segments(self, console: Console) -> str:
        return steady(super().render_segments(console))


class TightCompositor(Compositor):
    """Give it to a screen before its first layout."""

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        update = super().render_full_update(simplify)
        return SteadyLayout(update.strips, update.region)

    def render_partial_update(self) -> ChopsUpdate | None:
        dirty = self._dirty_regions.copy()
        self._dirty_regions.clear()
        if not dirty:
            return None
        spans = list(self._regions_to_spans(dirty))
        groups: dict[tuple[int, int], list[Region]] = {}
        for region in dirty:
            groups.setdefault(region.column_span, []).append(region)
        touched = {y for y, _, _ in spans}
        chops: list[dict[int, Strip | None]] = [
            dict.fromkeys(cuts[:-1]) if y in touched else {} for y, cuts in enumerate(self.cuts)
        ]
        # Boxes of their own: a transcript and a status line far below do not make one large box.
        for regions in groups.values():
            crop = Region.from_union(regions).intersection(self.size.region)
            self._fill(chops, crop, {y for region in regions for y in region.line_range})
        return SteadyChops(
            cast("Sequence[Mapping[int, Strip]]", chops), spans, [cuts[1:] for cuts in self.cuts]
        )

    def _fill(self, chops: list[dict[int, Strip | None]], crop: Region, rows: set[int]) -> None:
        """Put the front-most strip into each empty place of these rows that the box touches."""
        left, right = crop.column_span
        for region, clip, strips in self._get_renders(crop):
            shown = region.intersection(clip)
            first, last = shown.column_span
            for y, strip in zip(shown.line_range, strips, strict=False):
                if y not in rows:
                    continue
                line, cuts = chops[y], [x for x in self.cuts[y] if first <= x <= last]
                parts = strip.divide([x - first for x in cuts[1:]])
                for x, end, part in zip(cuts, cuts[1:], parts, strict=False):
                    # Outside the box not every widget was asked.
                    if x < right and end > left and line[x] is None:
                        line[x] = part

    def _get_renders(
        self, crop: Region | None = None
    ) -> Iterable[tuple[Region, Region, list[Strip]]]:
        if not crop:
            yield from super()._get_renders(crop)
            return
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            if not crop.overlaps(shown):
                continue
            # Rows are cut to the crop, columns are not: chops begin and end at widgets' edges.
            y = max(shown.y, crop.y)
            rows = Region(shown.x, y, shown.width, min(shown.bottom, crop.bottom) - y)
            inside = Region(rows.x - region.x, rows.y - region.y, rows.width, rows.height)
            yield region, rows, widget.render_lines(inside)
            if shown.contains_region(crop):
                return  # Front to back: nothing behind this one is seen.
