"""DiffPane: which key decides what, and what decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from spark_tui.edits.changeset import Edit, Flag, Unplaced
from spark_tui.edits.snapshot import Snapshot
from spark_tui.session import events as ev
from spark_tui.session.changing import ChangePage
from spark_tui.session.events import Decision, HunkId
from spark_tui.tui import keys
from spark_tui.tui.panes.diff import DiffPane
from tests.support.story import Story, review_scene, small_hunks


class PaneApp(App[None]):
    """Notes every message of the pane as (name, *fields)."""

    def __init__(self) -> None:
        super().__init__()
        self.pane = DiffPane()
        self.heard: list[tuple[object, ...]] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def note(self, message: Message) -> None:
        fields = [
            value
            for name, value in vars(message).items()
            if not name.startswith("_") and name != "time"
        ]
        self.heard.append((type(message).__name__, *fields))

    on_diff_pane_decided = on_diff_pane_undo_asked = on_diff_pane_redo_asked = note
    on_diff_pane_refine_asked = on_diff_pane_escalate_asked = on_diff_pane_commit_asked = note
    on_diff_pane_changes_asked = on_diff_pane_left = on_diff_pane_place_asked = note
    on_diff_pane_copy_asked = on_diff_pane_hint = note


Body = Callable[[PaneApp, Pilot[None]], Awaitable[None]]


def play(story: Story, body: Body) -> None:
    async def main() -> None:
        app = PaneApp()
        async with app.run_test(size=(80, 24)) as pilot:
            app.pane.focus()
            app.pane.apply(story.take(), story.state)
            await pilot.pause()
            await body(app, pilot)
            await app.workers.wait_for_complete()

    asyncio.run(main())


def decided(app: PaneApp) -> list[tuple[object, ...]]:
    return [heard[1:] for heard in app.heard if heard[0] == "Decided"]


def hints(app: PaneApp) -> list[str]:
    return [str(heard[1]) for heard in app.heard if heard[0] == "Hint"]


def test_every_key_of_the_table_has_an_action() -> None:
    for row in keys.rows("diff"):
        assert callable(getattr(DiffPane, f"action_{row.action}", None)), row.action


def test_accept_and_reject_go_to_the_next_open_hunk() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.first_undecided()
        await pilot.press("y", "n", "y")
        assert decided(app) == [
            (("t1h1",), Decision.ACCEPTED),
            (("t1h2",), Decision.REJECTED),
            (("t1h3",), Decision.ACCEPTED),
        ]
        assert app.pane.current == "t1h4"

    play(small_hunks(4), body)


def test_a_growing_hunk_is_not_decided() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        assert app.pane.current == "t1h1"
        await pilot.press("y", "n", "a", "d", "A", "c", "E")
        assert decided(app) == []
        assert "t1h1 is still being written; nothing is decided." in hints(app)
        assert not any(heard[0] in ("RefineAsked", "EscalateAsked") for heard in app.heard)

    story = Story()
    story.turn()
    story.open("t1h1", "a.py")
    story.grow("t1h1", "+x")
    play(story, body)


def test_a_hunk_out_of_view_is_shown_before_it_is_decided() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t1h1"))
        app.pane.view.move_to(100)
        await pilot.press("y")
        assert decided(app) == []
        assert app.pane.view.is_current_in_view
        await pilot.press("y")
        assert decided(app) == [(("t1h1",), Decision.ACCEPTED)]

    play(small_hunks(20), body)


def test_coming_back_finds_the_cursor_in_view() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.set_focus(None)
        await pilot.pause()
        story = small_hunks(3)
        story.open("t1h4", "long.py")
        story.grow("t1h4", *(f"+{i}" for i in range(100)))
        app.pane.apply(story.take(), story.state)
        await pilot.pause()
        assert app.pane.view.top == app.pane.view.last_top
        app.pane.focus()
        await pilot.pause()
        assert app.pane.current == "t1h4"
        assert app.pane.view.top == app.pane.view.last_top

    play(Story(), body)


def test_loading_a_session_shows_the_first_open_hunk() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        story = small_hunks(20)
        story.decide(Decision.ACCEPTED, *(f"t1h{i}" for i in range(1, 15)))
        app.pane.load(story.state)
        assert app.pane.current == "t1h15"
        assert app.pane.view.is_current_in_view

    play(Story(), body)


def test_nothing_there_decides_nothing() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press("y", "n", "a", "d", "A", "c", "E", "p", "x", "z", "o")
        assert decided(app) == []
        assert len(hints(app)) == 10

    play(Story(), body)


def test_an_unplaced_hunk_is_rejected_but_never_accepted() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t1h3"))
        await pilot.press("y")
        assert decided(app) == []
        app.pane.select(HunkId("t1h3"))
        await pilot.press("n")
        assert decided(app) == [(("t1h3",), Decision.REJECTED)]

    play(review_scene(), body)


def test_a_decided_hunk_is_not_decided_twice() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t1h1"))
        await pilot.press("y")
        assert decided(app) == []
        assert app.pane.current == "t1h2"
        assert hints(app) == ["t1h1 is accepted; now at t1h2."]

    story = small_hunks(2)
    story.decide(Decision.ACCEPTED, "t1h1")
    play(story, body)


def test_a_conflict_can_be_tried_again() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press("y")
        assert decided(app) == [(("t1h1",), Decision.ACCEPTED)]

    story = small_hunks(1)
    story.tell(ev.HunksConflicted((HunkId("t1h1"),), "changed on disk"))
    play(story, body)


def test_rest_of_the_file_starts_at_the_cursor() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t1h2"))
        await pilot.press("a")
        assert decided(app) == [(("t1h2", "t1h3"), Decision.ACCEPTED)]
        assert app.pane.current == "t1h4"
        await pilot.press("d")
        assert decided(app)[1:] == [(("t1h4",), Decision.REJECTED)]

    story = small_hunks(3)
    other = story.snapshot("b.py", "1\n2\n")
    story.open("t1h4", "b.py")
    story.place("t1h4", other, Edit(0, 1, ("one",)))
    play(story, body)


def test_accept_all_takes_the_turn_and_leaves_what_needs_its_own_yes() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t2h1"))
        await pilot.press("A")
        assert decided(app) == [(("t2h1",), Decision.ACCEPTED)]
        assert hints(app) == ["Only a yes of their own accepts: t2h2 (Makefile)."]
        assert app.pane.current == "t2h2"
        await pilot.press("y")
        assert decided(app)[1:] == [(("t2h2",), Decision.ACCEPTED)]

    story = small_hunks(1)
    story.end()
    story.turn(2)
    base = story.snapshot("b.py", "1\n2\n")
    story.open("t2h1", "b.py")
    story.place("t2h1", base, Edit(0, 1, ("one",)))
    story.open("t2h2", "Makefile")
    story.place("t2h2", base, Edit(0, 1, ("one",)), flags=(Flag.RUNS_LATER,))
    play(story, body)


@pytest.mark.parametrize(
    ("key", "heard"),
    [
        ("u", ("UndoAsked", "decision")),
        ("U", ("UndoAsked", "turn")),
        ("ctrl+y", ("RedoAsked",)),
        ("c", ("RefineAsked", "t1h1")),
        ("E", ("EscalateAsked", "t1h1")),
        ("C", ("CommitAsked", False)),
        ("w", ("ChangesAsked",)),
        ("q", ("Left",)),
    ],
)
def test_keys_that_ask(key: str, heard: tuple[object, ...]) -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        assert app.heard == [heard]

    play(small_hunks(1), body)


def test_copy_takes_the_hunk() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        ((name, text),) = app.heard
        assert name == "CopyAsked"
        assert "-line 10\n+row 10\n" in str(text)

    play(small_hunks(1), body)


def test_an_unplaced_hunk_is_placed_at_its_candidate() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t1h3"))
        await pilot.press("o", "p")
        assert app.heard == [("Hint", "Perhaps before line 19."), ("PlaceAsked", "t1h3", 18)]

    play(review_scene(), body)


def test_without_candidates_it_is_placed_in_the_shown_file() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press("p")
        assert "Open a.py" in hints(app)[0]
        app.pane.show_file("a.py", Snapshot.of("a.py", b"1\n2\n3\n4\n"))
        await pilot.press("j", "j", "p")
        assert app.heard[-1] == ("PlaceAsked", "t1h1", 2)

    story = Story()
    story.turn()
    lost = story.open("t1h1", "a.py")
    story.tell(ev.HunkUnplaced(lost, None, Unplaced("not_found", "no such lines")))
    play(story, body)


def test_no_key_decides_while_a_file_or_changes_are_shown() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.show_file("a.py", Snapshot.of("a.py", b"1\n2\n"))
        assert app.pane.current is None
        await pilot.press("y", "n", "a", "d")
        app.pane.show_changes(ChangePage("branch"))
        await pilot.press("y", "n", "a", "d")
        assert decided(app) == []
        await pilot.press("w")
        assert app.heard[-1] == ("ChangesAsked",)
        app.pane.show_proposals()
        assert app.pane.current == "t1h1"

    play(small_hunks(2), body)


def test_moving_keys() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t1h1"))
        await pilot.press("right_square_bracket")
        assert app.pane.current == "t1h2"
        await pilot.press("right_curly_bracket")
        assert app.pane.current == "t1h4"
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert app.pane.current == "t1h2"
        await pilot.press("left_curly_bracket")
        assert app.pane.current == "t1h1"
        await pilot.press("G")
        assert app.pane.view.top == app.pane.view.last_top
        await pilot.press("g", "j", "j", "k")
        assert app.pane.view.top == 1

    play(review_scene(), body)


def test_more_context_walks_through_sizes() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        heights = []
        for _ in range(4):
            heights.append(app.pane.view.line_count())
            await pilot.press("z")
        assert heights[0] < heights[1] < heights[2]
        assert heights[3] == heights[0]

    story = Story()
    base = story.snapshot("a.py", "".join(f"{i}\n" for i in range(100)))
    story.turn()
    story.open("t1h1", "a.py")
    story.place("t1h1", base, Edit(50, 51, ("fifty",)))
    play(story, body)


def test_show_hunks_of_a_file() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        assert app.pane.show_hunks_of("tests/test_fetcher.py")
        assert app.pane.current == "t1h4"
        assert app.pane.shown_path == "tests/test_fetcher.py"
        assert not app.pane.show_hunks_of("README.md")

    play(review_scene(), body)


def test_clicking_moves_the_cursor_and_decides_nothing() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.select(HunkId("t1h1"))
        app.pane.view.move_to(0)
        await pilot.pause()
        await pilot.click(app.pane.view, offset=(5, 12))
        assert app.pane.current == "t1h2"
        assert app.heard == []

    play(small_hunks(3), body)
