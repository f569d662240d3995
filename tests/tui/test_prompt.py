"""The prompt: letters at once, lines, history, @ files, pastes that are only text."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from spark_tui.session.lookup import FileHit
from spark_tui.tui.widgets.field import ASK_ABOVE, Field, clean
from spark_tui.tui.widgets.prompt import Prompt

FILES = ("src/app.py", "src/fetch.py", "docs/my notes.md")


class Host(App[None]):
    """A prompt, and what it has said."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt = Prompt()
        self.prompt.find = lambda query: [FileHit(p, "", 1.0) for p in FILES if query in p]
        self.said: list[Message] = []
        self.frames = 0

    def compose(self) -> ComposeResult:
        yield self.prompt

    def on_mount(self) -> None:
        self.prompt.focus()

    def on_event_of(self, message: Message) -> None:
        self.said.append(message)

    on_prompt_sent = on_prompt_queued = on_prompt_walked = on_prompt_review_asked = on_event_of
    on_prompt_chip_dropped = on_prompt_offered = on_field_hinted = on_event_of

    def of(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.said if type(message) is kind]

    def _display(self, screen: object, renderable: object) -> None:
        self.frames += 1
        super()._display(screen, renderable)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def at_prompt() -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        yield app, pilot


Check = Callable[[Host, Pilot[None]], Awaitable[None]]


def play(check: Check) -> None:
    async def story() -> None:
        async with at_prompt() as (app, pilot):
            await check(app, pilot)

    asyncio.run(story())


def test_a_letter_is_painted_in_its_own_turn() -> None:
    async def check(app: Host, _pilot: Pilot[None]) -> None:
        before = app.frames
        await app.prompt._on_key(events.Key("x", "x"))
        assert app.frames == before + 1
        assert app.prompt.text == "x"

    play(check)


def test_enter_sends_and_newlines_do_not() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("a", "ctrl+j", "b", "alt+enter", "c", "shift+enter", "d")
        assert app.prompt.text == "a\nb\nc\nd"
        assert not app.of(Prompt.Sent)
        await pilot.press("enter")
        (sent,) = app.of(Prompt.Sent)
        assert isinstance(sent, Prompt.Sent) and sent.text == "a\nb\nc\nd"
        assert app.prompt.text == "a\nb\nc\nd", "the screen empties it, when it is on its way"

    play(check)


def test_an_empty_prompt_walks_and_reviews() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("space", "enter", "tab")
        assert len(app.of(Prompt.ReviewAsked)) == len(app.of(Prompt.Walked)) == 1
        assert not app.of(Prompt.Sent)
        await pilot.press("x", "tab")
        assert len(app.of(Prompt.Queued)) == 1

    play(check)


def test_the_history_ends_at_the_draft() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        app.prompt.remember("first")
        app.prompt.remember("second\nline")
        await pilot.press("d")
        await pilot.press("up")
        assert app.prompt.text == "second\nline"
        await pilot.press("up")
        assert app.prompt.text == "second\nline", "within the text first"
        await pilot.press("up")
        assert app.prompt.text == "first"
        await pilot.press("up")
        assert app.prompt.text == "first"
        await pilot.press("down", "down", "down")
        assert app.prompt.text == "d"

    play(check)


def test_ctrl_c_puts_the_draft_aside() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("d", "ctrl+c")
        assert app.prompt.text == ""
        await pilot.press("up")
        assert app.prompt.text == "d"

    play(check)


def test_enter_takes_a_file_only_inside_the_word() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press(*"see @fet")
        assert app.of(Prompt.Offered)
        await pilot.press("enter")
        assert app.prompt.text == "see @src/fetch.py "
        assert app.prompt.named() == ("src/fetch.py",)
        assert not app.of(Prompt.Sent)
        await pilot.press("enter")
        assert len(app.of(Prompt.Sent)) == 1

    play(check)


def test_a_space_or_leaving_the_word_closes_the_list() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press(*"@src", "space")
        await pilot.press("enter")
        assert len(app.of(Prompt.Sent)) == 1
        app.prompt.take()
        await pilot.press(*"go @src", "ctrl+a", "enter")
        assert len(app.of(Prompt.Sent)) == 2

    play(check)


def test_escape_closes_the_list_for_this_word() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press(*"@sr", "escape", "c", "enter")
        assert len(app.of(Prompt.Sent)) == 1
        app.prompt.take()
        await pilot.press(*"@sr", "down", "tab")
        assert app.prompt.text == "@src/fetch.py "

    play(check)


def test_an_address_is_no_mention() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press(*"me@src", "enter")
        assert not app.of(Prompt.Offered)
        assert len(app.of(Prompt.Sent)) == 1

    play(check)


def test_paths_with_spaces_are_named_whole() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press(*"@notes", "enter")
        assert "docs/my notes.md" in app.prompt.named()

    play(check)


def test_backspace_drops_a_chip_only_at_the_start() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        await pilot.press("a", "b", "backspace")
        assert app.prompt.text == "a"
        assert not app.of(Prompt.ChipDropped)
        await pilot.press("left", "backspace")
        assert app.prompt.text == "a"
        assert len(app.of(Prompt.ChipDropped)) == 1

    play(check)


def test_a_paste_is_text() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        app.post_message(events.Paste("y\r\nn\x1b[201~\x00\rA"))
        await pilot.pause()
        assert app.prompt.text == "y\nn[201~\nA"
        assert not app.of(Prompt.Sent)

    play(check)


@pytest.mark.parametrize(("key", "kept"), [("enter", ASK_ABOVE + 1), ("escape", 0)])
def test_a_large_paste_asks(key: str, kept: int) -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        app.post_message(events.Paste("x" * (ASK_ABOVE + 1)))
        await pilot.pause()
        assert app.prompt.text == ""
        (hinted,) = app.of(Field.Hinted)
        assert isinstance(hinted, Field.Hinted) and "Enter inserts it" in hinted.text
        await pilot.press(key)
        assert len(app.prompt.text) == kept
        assert not app.of(Prompt.Sent)

    play(check)


def test_lone_surrogates_do_not_break_it() -> None:
    async def check(app: Host, pilot: Pilot[None]) -> None:
        app.post_message(events.Paste("caf\udce9"))
        await pilot.pause()
        assert app.prompt.text == "caf"

    play(check)
    assert clean("a\u202eb") == "ab"
