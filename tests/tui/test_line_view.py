"""LineView: rows are strips, growth makes no layout, unchanged rows stay the same objects."""

from __future__ import annotations

import asyncio

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip

from spark_tui.tui.widgets.line_view import LineView


class Rows(LineView):
    """Text rows that count how often they are made."""

    def __init__(self, count: int = 0, *, follow: bool = False) -> None:
        super().__init__(follow=follow)
        self.texts = [f"row {i}" for i in range(count)]
        self.strips: dict[int, Strip] = {}
        self.made: list[int] = []

    def line_count(self) -> int:
        return len(self.texts)

    def line(self, y: int, width: int) -> Strip:
        if y not in self.strips:
            self.made.append(y)
            self.strips[y] = Strip([Segment(self.texts[y])])
        return self.strips[y]

    def forget(self) -> None:
        self.strips.clear()

    def add(self, *texts: str) -> None:
        old = len(self.texts)
        self.texts.extend(texts)
        self.grew(old, old)

    def drawn(self) -> list[Strip]:
        return self.render_lines(Region(0, 0, self.size.width, self.size.height))

    def shown(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.drawn()]


class RowsApp(App[None]):
    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.rows = rows

    def compose(self) -> ComposeResult:
        yield self.rows


def test_only_visible_rows_are_made() -> None:
    async def main() -> None:
        rows = Rows(10_000)
        async with RowsApp(rows).run_test(size=(40, 10)):
            assert rows.shown()[0] == "row 0"
            assert set(rows.made) == set(range(10))

    asyncio.run(main())


def test_growth_makes_no_layout_and_only_new_rows() -> None:
    async def main() -> None:
        rows = Rows(3)
        async with RowsApp(rows).run_test(size=(40, 10)) as pilot:
            await pilot.pause()
            before = rows.drawn()
            rows.made.clear()
            layouts = rows._layout_updates
            rows.add("new")
            await pilot.pause()
            after = rows.drawn()
            assert rows.made == [3]
            assert rows._layout_updates == layouts
            assert all(a is b for a, b in zip(before[:3], after[:3], strict=True))
            assert rows.virtual_size.height == 4

    asyncio.run(main())


def test_growth_leaves_the_view_where_it_is() -> None:
    async def main() -> None:
        rows = Rows(50)
        async with RowsApp(rows).run_test(size=(40, 10)):
            rows.move_to(20)
            rows.add("more", "and more")
            assert rows.top == 20
            assert rows.shown()[0] == "row 20"

    asyncio.run(main())


def test_follow_sticks_to_the_end_until_a_person_scrolls_up() -> None:
    async def main() -> None:
        rows = Rows(50, follow=True)
        async with RowsApp(rows).run_test(size=(40, 10)) as pilot:
            await pilot.pause()
            rows.add("last")
            assert rows.shown()[-1] == "last"
            rows.scroll_to(y=5, animate=False)
            await pilot.pause()
            assert not rows.follow
            rows.add("unseen")
            assert rows.top == 5
            rows.scroll_to(y=rows.last_top, animate=False)
            await pilot.pause()
            assert rows.follow
            rows.add("seen")
            assert rows.shown()[-1] == "seen"

    asyncio.run(main())


def test_a_view_that_never_followed_does_not_start_at_its_end() -> None:
    async def main() -> None:
        rows = Rows(50)
        async with RowsApp(rows).run_test(size=(40, 10)) as pilot:
            rows.scroll_to(y=rows.last_top, animate=False)
            await pilot.pause()
            assert not rows.follow

    asyncio.run(main())


@pytest.mark.parametrize(
    ("row", "context", "top"), [(0, 2, 0), (11, 2, 4), (9, 0, 0), (30, 2, 23), (49, 5, 40)]
)
def test_show_row_scrolls_as_little_as_needed(row: int, context: int, top: int) -> None:
    async def main() -> None:
        rows = Rows(50)
        async with RowsApp(rows).run_test(size=(40, 10)):
            rows.show_row(row, context=context)
            assert rows.top == top

    asyncio.run(main())


class Shout(LineFilter):
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(segment.text.upper(), segment.style) for segment in segments]


def test_line_filters_of_the_app_are_applied() -> None:
    async def main() -> None:
        rows = Rows(3)
        app = RowsApp(rows)
        async with app.run_test(size=(40, 5)):
            app._filters.append(Shout())
            assert rows.shown()[0] == "ROW 0"

    asyncio.run(main())


def test_no_color_leaves_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    class Red(Rows):
        def line(self, y: int, width: int) -> Strip:
            return Strip([Segment("x", Style.parse("red on blue"))])

    async def main() -> None:
        rows = Red(1)
        async with RowsApp(rows).run_test(size=(40, 5)):
            for segment in rows.drawn()[0]:
                assert segment.style is not None
                for color in (segment.style.color, segment.style.bgcolor):
                    assert color is not None
                    red, green, blue = color.get_truecolor()
                    assert red == green == blue

    asyncio.run(main())


def test_rows_stand_on_the_ground_of_the_view_and_fill_it() -> None:
    async def main() -> None:
        rows = Rows(1)
        async with RowsApp(rows).run_test(size=(40, 5)):
            for strip in rows.drawn():
                assert strip.cell_length == 40
                assert all(segment.style and segment.style.bgcolor for segment in strip)

    asyncio.run(main())


def test_theme_and_width_make_visible_strips_anew() -> None:
    async def main() -> None:
        rows = Rows(100)
        app = RowsApp(rows)
        async with app.run_test(size=(40, 10)) as pilot:
            rows.made.clear()
            app.theme = "textual-light"
            await pilot.pause()
            assert set(rows.made) == set(range(10))
            rows.made.clear()
            await pilot.resize_terminal(30, 10)
            await pilot.pause()
            assert set(rows.made) == set(range(10))

    asyncio.run(main())


def test_shrinking_content_pulls_the_view_back() -> None:
    async def main() -> None:
        rows = Rows(50)
        async with RowsApp(rows).run_test(size=(40, 10)):
            rows.move_to(40)
            del rows.texts[15:]
            rows.strips.clear()
            rows.grew(15, 50)
            assert rows.top == 5

    asyncio.run(main())
