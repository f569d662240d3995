"""The person's own changes on the desk: pages walked through, acts asked of the session.

The rule kept here: an act and the look that follows it are one job, so that the page shows what
became of it; nothing here moves the focus. What a key means is panes/diff_changes.py's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on

from spark_tui.session.changing import ChangePage, Scope
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.screens.asking import Start
from spark_tui.tui.screens.deciding import DecidingScreen
from spark_tui.tui.widgets.hint import Hint

if TYPE_CHECKING:
    from spark_tui.session.session import Session

SCOPES: tuple[Scope, ...] = ("worktree", "staged", "branch")
_EMPTY = {
    "worktree": "nothing is changed that is not staged",
    "staged": "nothing is staged",
    "branch": "the branch adds nothing",
}


class Changes:
    """The pages of one session."""

    def __init__(
        self,
        session: Session,
        diff: DiffPane,
        hint: Hint,
        *,
        start: Start,
        rest: Callable[[], None],
    ) -> None:
        self._session = session
        self._diff = diff
        self._hint = hint
        self._start = start
        self._rest = rest
        """The hint line says the keys of where we are."""
        self._walking = asyncio.Lock()
        self._acting = asyncio.Lock()

    async def first(self) -> None:
        """On a dirty tree the first page that has something, when there is nothing else to show."""
        for scope in SCOPES[:2]:
            page = await self._session.staging.page(scope)
            if self._session.state.hunks:
                return
            if page.files:
                self._diff.show_changes(page)
                return

    def walk(self) -> None:
        """The next page that has something, then the proposals; what is passed over is said. Keys
        that come faster than pages are made are steps as well."""

        async def job() -> None:
            async with self._walking:
                view = self._diff.view
                await self._walk(view.scope if view.mode == "changes" else None)
                self._rest()

        self._start(job, group="walk")

    def look_again(self) -> None:
        """The page that is shown may be an old one."""
        self._rest()
        self._start(self.again, group="show", exclusive=True)

    def show(self, path: str, line: int) -> None:
        """A file, at this 0-based line."""

        async def job() -> None:
            snapshot = await self._session.text_of(path)
            if snapshot is None:
                self._hint.say(f"{path} is not there", level="warning")
            else:
                self._diff.show_file(path, snapshot, line=line)
                self._rest()

        self._start(job, group="show", exclusive=True)

    def act(self, message: DiffPane.ActAsked) -> None:
        """Ask the session, say what came of it, show the page as it is then."""

        async def job() -> None:
            async with self._acting:  # one after the other, and so what is said of them
                await self._act(message)

        self._start(job, group="decide")

    async def _walk(self, after: Scope | None) -> None:
        passed: list[str] = []
        for scope in SCOPES[SCOPES.index(after) + 1 if after else 0 :]:
            page = await self._session.staging.page(scope)
            if page.files or page.more:
                self._diff.show_changes(page)
                self._hint.say("; ".join(passed))
                return
            passed.append(_EMPTY[scope])
        if after is None and not self._session.state.has_git:
            passed = ["this folder is not a git repository"]
        elif after is None:
            passed = ["the work tree has no changes, and the branch adds none"]
        self._diff.show_proposals()
        self._hint.say("; ".join(passed))

    async def again(self) -> None:
        """The page that is shown, as it is now."""
        if self._diff.view.mode == "changes":
            page = await self._session.staging.page(self._diff.view.scope)
            if self._is_shown(page):
                self._diff.show_changes(page)

    async def _act(self, message: DiffPane.ActAsked) -> None:
        staging = self._session.staging
        match message.act:
            case "undo":
                acted = await staging.undo()
            case "redo":
                acted = await staging.redo()
            case act:
                acted = await staging.act(act, message.picks)
        await self.again()
        self._hint.say(acted.message, level="info" if acted.done else "warning")
        await self._session.look()

    def _is_shown(self, page: ChangePage) -> bool:
        """The person may have gone on meanwhile."""
        view = self._diff.view
        return view.mode == "changes" and view.scope == page.scope


class StagingScreen(DecidingScreen):
    """The half of the main screen that stages; give it `Changes` when there is a session."""

    def __init__(self) -> None:
        super().__init__()
        self._own_changes: Changes | None = None

    @on(DiffPane.ActAsked)
    def _act_on_changes(self, message: DiffPane.ActAsked) -> None:
        message.stop()
        if self._own_changes is not None:
            self._own_changes.act(message)

    @on(DiffPane.ChangesAsked)
    def _walk_changes(self) -> None:
        if self._own_changes is not None:
            self._own_changes.walk()

    @on(DiffPane.AgainAsked)
    def _changes_again(self) -> None:
        if self._own_changes is not None:
            self._own_changes.look_again()

    @on(DiffPane.ShowAsked)
    def _show_change(self, message: DiffPane.ShowAsked) -> None:
        message.stop()
        if self._own_changes is not None:
            self._own_changes.show(message.path, message.line)
