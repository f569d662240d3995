"""The conversation: each fact a line, closed lines final, light Markdown, honest wrapping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from spark_tui.session import events as ev
from spark_tui.session.events import Event, Outcome, TokenUse
from spark_tui.session.state import SessionState
from spark_tui.tui.panes.chat import ChatPane, summary
from spark_tui.tui.widgets.prose import breaks, spans, wrap
from spark_tui.tui.widgets.transcript import Transcript

WIDTH = 40


class Host(App[None]):
    CSS = "#chat { width: 41; } #transcript { height: 1fr; } #prompt { height: 3; }"

    def __init__(self) -> None:
        super().__init__()
        self.chat = ChatPane()
        self.state = SessionState()

    def compose(self) -> ComposeResult:
        yield self.chat

    def tell(self, *told: Event) -> None:
        for event in told:
            self.state.apply(event)
        self.chat.apply(told, self.state)

    def rows(self) -> list[str]:
        lines = self.chat.transcript
        return [lines.line(y, lines.width).text.rstrip() for y in range(lines.line_count())]


def play(check: Callable[[Host], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def story() -> None:
        app = Host()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await check(app)

    asyncio.run(story())


def started(prompt: str = "fix it", **more: object) -> ev.TurnStarted:
    return ev.TurnStarted(1, prompt, "fast", "spark", (), 10, 0.0, **more)  # type: ignore[arg-type]


def test_a_turn_from_prompt_to_summary() -> None:
    async def check(app: Host) -> None:
        sent = ev.FileSent("src/app.py", "", 1200, "found")
        app.tell(
            ev.TurnStarted(1, "fix it", "fast", "spark", (sent,), 10, 0.0, steered=True),
            ev.Said(1, "I look"),
            ev.ToolUsed(1, "read", "src/app.py", "12 lines"),
            ev.Said(1, "Done."),
            ev.TurnEnded(1, Outcome.COMPLETE, TokenUse(output=120), 1000.0),
        )
        assert app.rows() == [
            "▌ fix it",
            "  steered · with src/app.py ~1.2k",
            "I look",
            "· read src/app.py: 12 lines",
            "Done.",
            "└ 120 tokens in 1.0 s",
        ]

    play(check)


def test_a_failure_says_what_to_do() -> None:
    async def check(app: Host) -> None:
        ended = ev.TurnEnded(1, Outcome.FAILED, TokenUse(), 9.0, "No answer.", "Press Enter.", "x")
        app.tell(started(), ended)
        assert app.rows()[1:] == ["✗ No answer. Press Enter.", "└ failed"]

    play(check)


def test_light_markdown() -> None:
    async def check(app: Host) -> None:
        app.tell(
            started(), ev.Said(1, "# Head\n- one **b** and `c`\n1. two\n```py\nx = 1  \n```\n")
        )
        assert app.rows()[1:] == ["Head", "• one b and c", "1. two", "  ```py", "  x = 1", "  ```"]

    play(check)


def test_closed_lines_are_final() -> None:
    async def check(app: Host) -> None:
        app.tell(started(), ev.Said(1, "A closed line.\nAn open"))
        lines = app.chat.transcript
        closed = lines.line(1, lines.width)
        app.tell(ev.Said(1, " one"))
        assert lines.line(1, lines.width) is closed
        assert app.rows()[-1] == "An open one"

    play(check)


def test_any_cut_gives_the_same_rows() -> None:
    text = "Some **bold** words, and `code` in a line that wraps.\n\n```\na  b\n```\n> quoted\nend"

    async def check(app: Host) -> None:
        app.tell(started(), ev.Said(1, text))
        whole = app.rows()
        app.chat.transcript.clear()
        app.tell(started(), *(ev.Said(1, sign) for sign in text))
        assert app.rows() == whole

    play(check)


def test_loading_a_session_shows_what_was_told() -> None:
    async def check(app: Host) -> None:
        app.tell(
            started(),
            ev.Said(1, "One\n"),
            ev.ToolUsed(1, "search", "x", "2 matches"),
            ev.Said(1, "Two"),
            ev.TurnEnded(1, Outcome.INTERRUPTED, TokenUse(output=3, estimated=True), 500.0),
        )
        told = app.rows()
        assert told[-1] == "└ stopped · ~3 tokens in 0.5 s"
        app.chat.load(app.state)
        assert app.rows() == told

    play(check)


def test_it_follows_the_end_until_somebody_scrolls() -> None:
    async def check(app: Host) -> None:
        lines = app.chat.transcript
        app.tell(started(), ev.Said(1, "line\n" * 60))
        assert lines.top == lines.last_top > 0
        lines.follow = False
        lines.move_to(3)
        app.tell(ev.Said(1, "line\n" * 10))
        assert lines.top == 3

    play(check)


def test_hostile_text_is_inert() -> None:
    async def check(app: Host) -> None:
        app.tell(started("\x1b[2J"), ev.Said(1, "a\x1b]0;t\x07b\u202e [red]x[/red] [@click=q]y[/]"))
        assert app.rows() == ["▌ ␛[2J", "a␛]0;t␇b⟨U+202E⟩ [red]x[/red]", "[@click=q]y[/]"]

    play(check)


def test_a_new_width_keeps_the_words() -> None:
    async def check(app: Host) -> None:
        app.tell(started(), ev.Said(1, "word " * 30))
        before = " ".join(" ".join(app.rows()).split())
        app.chat.transcript._wrapped_at = 17
        app.chat.transcript._rewrap()
        assert " ".join(" ".join(app.rows()).split()) == before

    play(check)


def test_the_transcript_forgets_strips_but_no_text() -> None:
    async def check(app: Host) -> None:
        lines = app.chat.transcript
        app.tell(started(), ev.Said(1, "".join(f"line {n}\n" for n in range(3000))))
        assert app.rows()[-1] == "line 2999"
        assert len(lines._strips) <= 600
        assert "line 0" in lines.plain_text()

    play(check)


def test_an_empty_answer_is_called_so() -> None:
    state = SessionState()
    state.apply(started())
    state.apply(ev.TurnEnded(1, Outcome.COMPLETE, TokenUse(), 1.0))
    assert summary(state.turns[1], state) == "no answer"


TEXT = st.text(st.sampled_from("ab  日é-"), max_size=60)


@given(TEXT, st.integers(4, 30), st.booleans())
def test_rows_fit_and_lose_nothing(text: str, width: int, verbatim: bool) -> None:
    rows = wrap([(text, "said")], width, indent=0, verbatim=verbatim)
    plain = ["".join(piece for piece, _ in row) for row in rows]
    assert all(cell_len(row) <= width for row in plain)
    assert "".join(plain).replace(" ", "") == text.replace(" ", "")
    assert len(rows) == len(breaks(text, width, verbatim=verbatim))


@given(st.sampled_from(["said", "code", "prompt", "tool"]), TEXT, st.integers(6, 30))
def test_the_row_count_is_what_is_drawn(kind: str, text: str, width: int) -> None:
    lines = Transcript()
    lines._wrapped_at = width
    counted = lines._rows_of(kind, text)  # type: ignore[arg-type]
    line, indent = spans(kind, text)  # type: ignore[arg-type]
    assert counted == len(wrap(line, width, indent=indent, verbatim=kind == "code"))
