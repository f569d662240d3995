"""The pages of the person's own changes in the diff pane: what each key asks for, and what not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from spark_tui.repo.scopes import Looked, Pair, Scope, Version
from spark_tui.session.changing import ChangePage, page_of
from spark_tui.tui.panes.diff import DiffPane

LINES = [f"line {n}\n" for n in range(1, 61)]


def version(*changed: int, mode: str = "100644") -> Version:
    lines = [f"new {n}\n" if n in changed else line for n, line in enumerate(LINES, 1)]
    return Version(mode, "1", "".join(lines).encode())


def page(scope: Scope = "worktree", *, without: int = 0) -> ChangePage:
    """Three hunks of a.py, one of b.py, a conflict."""
    changed = [n for n in (5, 30, 55) if n != without]
    pairs = (
        Pair("a.py", version(), version(*changed)),
        Pair("b.py", None, Version("100644", "", b"one\ntwo\n")),
        Pair("c.py", None, None, note="conflict", held="c.py has conflicts"),
    )
    return page_of(Looked(scope, "main" if scope == "branch" else "", pairs))


class PaneApp(App[None]):
    """Notes what the pane asks for, in a few words."""

    def __init__(self) -> None:
        super().__init__()
        self.pane = DiffPane()
        self.heard: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_diff_pane_act_asked(self, message: DiffPane.ActAsked) -> None:
        picks = [
            f"{pick.file.path} {sorted(pick.numbers)}"
            + (f" lines {list(pick.lines)}" if pick.lines is not None else "")
            for pick in message.picks
        ]
        self.heard.append(" ".join([message.act, *picks]))

    def on_diff_pane_show_asked(self, message: DiffPane.ShowAsked) -> None:
        self.heard.append(f"show {message.path} {message.line}")

    def on_diff_pane_hint(self, message: DiffPane.Hint) -> None:
        self.heard.append(message.text)

    def note(self, message: Message) -> None:
        self.heard.append(type(message).__name__)

    on_diff_pane_decided = on_diff_pane_undo_asked = on_diff_pane_left = note

    def on_diff_pane_commit_asked(self, message: DiffPane.CommitAsked) -> None:
        self.heard.append("commit staged" if message.staged else "commit")


Body = Callable[[PaneApp, Pilot[None]], Awaitable[None]]


def play(shown: ChangePage, body: Body, *, height: int = 40) -> None:
    async def main() -> None:
        app = PaneApp()
        async with app.run_test(size=(80, height)) as pilot:
            app.pane.focus()
            app.pane.show_changes(shown)
            await pilot.pause()
            await body(app, pilot)
            await app.workers.wait_for_complete()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("scope", "keys", "heard"),
    [
        ("worktree", "y", "stage a.py [1]"),
        ("worktree", "n y", "stage a.py [2]"),
        ("worktree", "y y", "stage a.py [2]"),
        ("worktree", "n a", "stage a.py [2, 3]"),
        ("worktree", "A", "stage a.py [1, 2, 3] b.py [1]"),
        ("worktree", "D", "discard a.py [1]"),
        ("worktree", "V j y", "stage a.py [1] lines [0, 1]"),
        ("worktree", "V D", "discard a.py [1] lines [0]"),
        ("worktree", "V n", "No lines are chosen any more."),
        ("worktree", "u", "undo"),
        ("worktree", "ctrl+y", "redo"),
        ("worktree", "C", "commit"),
        ("worktree", "d", "D discards this hunk; nothing here is rejected."),
        ("worktree", "e", "Not here: Enter shows the file, your editor changes it."),
        ("worktree", "enter", "show a.py 4"),
        ("worktree", "n o", "show a.py 29"),
        ("worktree", "i", "Left"),
        ("staged", "y", "unstage a.py [1]"),
        ("staged", "A", "unstage a.py [1, 2, 3] b.py [1]"),
        ("staged", "C", "commit staged"),
        ("staged", "D", "Only what is not staged can be discarded: w shows the work tree."),
        ("branch", "y", "What a branch adds is committed: this page is for reading."),
        ("branch", "a", "What a branch adds is committed: this page is for reading."),
        ("branch", "A", "What a branch adds is committed: this page is for reading."),
        ("branch", "enter", "show a.py 4"),
    ],
)
def test_what_a_key_asks_for(scope: Scope, keys: str, heard: str) -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press(*keys.split())
        assert app.heard[-1] == heard
        assert "Decided" not in app.heard

    play(page(scope), body)


def test_a_split_hunk_is_acted_on_in_parts() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        assert len(app.pane.view.changed_files[0].hunks) == 2
        await pilot.press("n", "y")
        assert app.heard == ["stage a.py [2]"]
        app.pane.show_changes(close)  # the watcher looked, nothing has changed
        assert len(app.pane.view.changed_files[0].hunks) == 2
        await pilot.press("n", "s")
        assert app.heard[-1] == "This hunk cannot be cut any further."

    close = page_of(Looked("worktree", "", (Pair("a.py", version(), version(5, 8)),)))
    play(close, body)


def test_the_next_hunk_takes_the_place_of_one_that_is_gone() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        await pilot.press("n")
        app.pane.show_changes(page(without=30))
        current = app.pane.view.current_change
        assert current is not None
        assert [row.text for row in current[1].rows if row.sign == "+"] == ["new 55"]

    play(page(), body)


def test_what_is_out_of_view_is_shown_first() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.view.move_to(app.pane.view.last_top)
        await pilot.press("y")
        assert app.heard == ["The hunk was out of view; press again."]
        await pilot.press("y")
        assert app.heard[-1] == "stage a.py [1]"

    play(page(), body, height=12)


def test_a_pasted_block_asks_for_nothing() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.post_message(events.Paste("yyyyADu\n"))
        await pilot.pause()
        assert app.heard == []

    play(page(), body)


def test_d_in_the_proposals_says_where_it_works() -> None:
    async def body(app: PaneApp, pilot: Pilot[None]) -> None:
        app.pane.show_proposals()
        await pilot.press("D")
        assert app.heard == ["D discards changes of your own: w shows them."]

    play(page(), body)
