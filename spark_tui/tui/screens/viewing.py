"""Where the person is on the screen: read from the panes, kept in the journal, put back.

The rule kept here: what is typed is on the disk within a second, however the program ends, and
nothing is written while nothing happens. Putting back moves nothing that the person has moved
since; where something is no longer there, the rest is put back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from textual.widget import Widget

from spark_tui.session.events import HunkId, ViewKept
from spark_tui.tui.panes.chat import ChatPane
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.panes.files import FilesPane
from spark_tui.tui.screens.staging import SCOPES

if TYPE_CHECKING:
    from spark_tui.session.session import Session

KEEP_S = 0.4
"""After a key: draft and view are written this much later, whatever is typed meanwhile."""
MOST_FOLDERS = 200


class Later(Protocol):
    """A timer of the screen."""

    def __call__(self, delay: float, callback: Callable[[], None]) -> object: ...


class Viewing:
    """The panes of one desk, for one session."""

    def __init__(
        self,
        session: Session,
        *,
        chat: ChatPane,
        diff: DiffPane,
        files: FilesPane,
        draft: Callable[[], str],
        left_out: Callable[[], frozenset[str]],
        later: Later,
    ) -> None:
        self._session = session
        self._chat = chat
        self._diff = diff
        self._files = files
        self._draft = draft
        self._left_out = left_out
        self._later = later
        self._is_due = False

    def touched(self) -> None:
        """The person did something: keep what came of it, a moment later."""
        if not self._is_due:
            self._is_due = True
            self._later(KEEP_S, self.keep)

    def keep(self) -> None:
        """Now."""
        self._is_due = False
        self._session.keep_draft(self._draft())
        self._session.keep_view(self.now())

    def now(self) -> ViewKept:
        """What is on the screen."""
        chat, diff, files = self._chat, self._diff, self._files
        view = diff.view
        pane = "files" if files.has_focus_within else "diff" if diff.has_focus_within else "chat"
        lines = chat.transcript
        caret = chat.prompt.cursor_location
        return ViewKept(
            pane=pane,
            page=diff.place if view.mode == "changes" else view.mode,
            path=(diff.shown_path or "") if view.mode == "file" else "",
            line=view.row if view.mode == "file" else 0,
            hunk=diff.current,
            row=_row_of(diff, diff.current),
            tops=(-1 if lines.follow else lines.top, view.top, files.view.top),
            folders=files.view.open_folders[:MOST_FOLDERS],
            filter=files.filter or "",
            at=files.view.current.path if files.view.current else "",
            caret=(-1, -1) if caret == chat.prompt.document.end else caret,
            left_out=tuple(sorted(self._left_out())),
        )

    # -- putting back --------------------------------------------------------------
    async def put_back(self, view: ViewKept) -> None:
        """The panes as they were; the focus is the caller's affair."""
        self._files.put_back(view.folders, view.filter, view.at, view.tops[2])
        await self._page(view)
        if view.tops[0] >= 0:
            self._chat.transcript.follow = False
            self._chat.transcript.move_to(view.tops[0])
        if view.caret >= (0, 0) and self._chat.prompt.text == self._session.state.draft:
            self._chat.prompt.move_cursor(view.caret)

    async def _page(self, view: ViewKept) -> None:
        diff = self._diff
        if view.hunk is not None and diff.select(view.hunk):
            start = _start_of(diff, view.hunk)
            if start is not None:
                diff.view.move_to(start - view.row)
        if view.page == "file" and view.path:
            snapshot = await self._session.text_of(view.path)
            if snapshot is not None:
                diff.show_file(view.path, snapshot, line=view.line)
                diff.view.move_to(view.tops[1])
        elif view.page in SCOPES:
            changes = await self._session.staging.page(view.page)
            if changes.files:
                diff.show_changes(changes)
                diff.view.move_to(view.tops[1])

    def part(self, view: ViewKept) -> Widget:
        """What had the focus."""
        if view.pane == "diff":
            return self._diff
        return self._files if view.pane == "files" else self._chat.prompt


def _start_of(diff: DiffPane, hunk: HunkId | None) -> int | None:
    """The row of the page at which a hunk begins."""
    page = diff.view.page
    for block in page.cards:
        if hunk is not None and block.hunk is not None and block.hunk.id == hunk:
            return page.start(block)
    return None


def _row_of(diff: DiffPane, hunk: HunkId | None) -> int:
    """The row of the screen on which a hunk begins; below 0 where that is above its upper edge."""
    start = _start_of(diff, hunk)
    return 0 if start is None else start - diff.view.top
