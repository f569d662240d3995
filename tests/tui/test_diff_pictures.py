"""Pictures of the diff and the files beside it: few, and each says what to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.pilot import Pilot

from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId
from spark_tui.settings.theme import load_theme, shipped_folder
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.panes.files import FilesPane
from spark_tui.tui.themes import as_textual
from tests.support.story import Story, review_scene


class Compare(Protocol):
    """pytest-textual-snapshot's fixture."""

    def __call__(
        self,
        app: App[None],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[None]], object],
    ) -> bool: ...


class TwoPanes(App[None]):
    CSS = """
    FilesPane { width: 28; }
    DiffPane { width: 1fr; }
    """

    def __init__(self, story: Story, *, theme: str = "spark-dark", at: str = "") -> None:
        super().__init__()
        self.story = story
        self.files, self.diff = FilesPane(), DiffPane()
        self._wanted = theme
        self._at = at

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self.files
            yield self.diff

    def on_mount(self) -> None:
        folder = shipped_folder()
        assert folder is not None
        self.register_theme(as_textual(load_theme(folder / f"{self._wanted}.toml")))
        self.theme = self._wanted

    async def settle(self, pilot: Pilot[None]) -> None:
        """Tell the story, put the cursor, wait for colours."""
        events = self.story.take()
        self.files.apply(events, self.story.state)
        self.diff.apply(events, self.story.state)
        self.diff.focus()
        if self._at:
            self.diff.select(HunkId(self._at))
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


def test_review(snap_compare: Compare) -> None:
    """Placed, risky, unplaced and growing hunks; the first is current, with a bar at its left.

    Words that changed stand out inside the second one; the growing one is faint and plain.
    """
    app = TwoPanes(review_scene(), at="t1h1")
    assert snap_compare(app, terminal_size=(120, 36), run_before=app.settle)


def test_review_in_a_small_terminal(snap_compare: Compare) -> None:
    """Long heads and lines end in …; signs, numbers and counts are still there."""
    app = TwoPanes(review_scene(), at="t1h2")
    assert snap_compare(app, terminal_size=(80, 24), run_before=app.settle)


def test_decided(snap_compare: Compare) -> None:
    """✓ ✗ ! in heads, file line and tree; the conflict says why, the rejected one is faint."""
    story = review_scene()
    story.decide(Decision.ACCEPTED, "t1h1")
    story.decide(Decision.REJECTED, "t1h3")
    why = "line 23 is not what the model saw; your change was kept"
    story.tell(ev.HunksConflicted((HunkId("t1h2"),), why))
    app = TwoPanes(story, at="t1h2")
    assert snap_compare(app, terminal_size=(120, 36), run_before=app.settle)


def test_empty(snap_compare: Compare) -> None:
    """What will be here, and the keys that matter."""
    app = TwoPanes(Story())
    assert snap_compare(app, terminal_size=(80, 24), run_before=app.settle)


@pytest.mark.parametrize("theme", ["spark-light", "spark-ansi", "high-contrast"])
def test_themes(snap_compare: Compare, theme: str) -> None:
    """The same scene: every sign is legible, added and removed are apart."""
    app = TwoPanes(review_scene(), theme=theme, at="t1h1")
    assert snap_compare(app, terminal_size=(80, 24), run_before=app.settle)


def test_no_color(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR: grey only; signs carry everything."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = TwoPanes(review_scene(), at="t1h1")
    assert snap_compare(app, terminal_size=(80, 24), run_before=app.settle)
