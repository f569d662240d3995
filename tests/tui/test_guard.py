"""The guard: what somebody forgot to make visible still does not reach the terminal."""

from __future__ import annotations

import asyncio

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Label, OptionList, Static, Tree

from spark_tui.text import HIDDEN
from spark_tui.tui.guard import Guard

GROUND = Color(0, 0, 0)
HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x1b\\",
    "\x1b[2J\x1b[H",
    "\x1bc",
    "\x9b31m",
    "a\x00b\x05c\x0e",
    "user\u202egnp.exe",
    "zero\u200bwidth",
    "\U000e0041tag",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_code_points_are_deleted(text: str) -> None:
    cleaned = Guard().apply([Segment(text, Style())], GROUND)
    assert not HIDDEN.search(cleaned[0].text)


def test_harmless_lines_are_the_same_object() -> None:
    line = [Segment("def add(a, b):", Style(bold=True))]
    assert Guard().apply(line, GROUND) is line


def test_wide_text_is_kept() -> None:
    line = [Segment("naïve 日本 ✓ ▌")]
    assert Guard().apply(line, GROUND)[0].text == "naïve 日本 ✓ ▌"


def test_links_are_dropped_unless_allowed() -> None:
    evil, good = "http://evil.example/", "https://example.org/"
    line = [Segment("here", Style(link=evil)), Segment("there", Style(link=good))]
    first, second = Guard([good]).apply(line, GROUND)
    assert first.style is not None and first.style.link is None
    assert second.style is not None and second.style.link == good


class Careless(App[None]):
    """Every sink gets the text as it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._filters.append(Guard())

    def compose(self) -> ComposeResult:
        yield Static(self._text, markup=False)
        yield Label(self._text, markup=False)
        yield OptionList(self._text, markup=False)
        tree: Tree[None] = Tree("root")
        tree.root.add_leaf(self._text.replace("[", "("))
        tree.root.expand()
        yield tree


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_leaves_through_widgets(text: str) -> None:
    """Fails if Textual renames its private list of filters."""

    async def story() -> None:
        app = Careless(text)
        async with app.run_test() as pilot:
            await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                assert not HIDDEN.search(strip.text.replace("\n", ""))

    asyncio.run(story())
