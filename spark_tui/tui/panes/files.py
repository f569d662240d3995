"""The files pane: the tree with git's marks and the hunks of each file, and a filter.

The rule kept here: choosing and naming files are messages; nothing is opened or sent from here.
The tree opens folders of files that get hunks, and never moves its cursor by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from spark_tui.edits.changeset import Kind
from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId
from spark_tui.session.state import SessionState, Status
from spark_tui.tui import keys
from spark_tui.tui.widgets.tree_view import TreeView

_NO_FILE = (Status.UNPLACED, Status.REJECTED, Status.SUPERSEDED, Status.UNDONE)
"""A new file whose hunk is one of these will not be there: refused paths are not shown as files."""


class FilesPane(Widget, can_focus=True):
    """Holds a TreeView; the keys are those of area "files"."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("files")]

    DEFAULT_CSS = """
    FilesPane {
        background: $background;
        & > .files--filter {
            height: 1;
            padding: 0 1;
            background: $panel;
            display: none;
        }
        &.-filtering > .files--filter {
            display: block;
        }
    }
    """

    class FileChosen(Message):
        """Show this file, or its hunks."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class FileMentioned(Message):
        """Name this file in the prompt."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class Left(Message):
        """Back to the prompt."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = TreeView()
        self._filter = Static("", classes="files--filter", markup=False)
        self._typed: str | None = None
        """The filter while it is typed."""

    def compose(self) -> ComposeResult:
        yield self._filter
        yield self.view

    # -- attributes down -----------------------------------------------------------
    @property
    def current(self) -> str | None:
        """The file under the cursor; None on a folder."""
        node = self.view.current
        return node.path if node is not None and not node.is_folder else None

    @property
    def filter(self) -> str | None:
        """The words that are typed to filter by; None: all files are shown."""
        return self._typed

    def put_back(self, folders: Sequence[str], typed: str, at: str, top: int) -> None:
        """As it was left: open folders, filter, cursor, first row."""
        if typed:
            self._type(typed)
        self.view.put_back(folders, at, top)

    def load(self, state: SessionState) -> None:
        """Show this state from scratch."""
        if state.files:
            self._show_files(state)
        self.view.show_counts(state.counts())

    def apply(self, events: Sequence[Event], state: SessionState) -> None:
        """Follow the events of one frame."""
        is_new = is_counted = False
        opened: dict[str, None] = {}
        for event in events:
            match event:
                case ev.RepositoryLooked():
                    is_new = True
                case ev.HunkOpened():
                    is_counted = True
                    opened[event.path] = None
                    is_new = is_new or event.kind is Kind.ADD
                case ev.HunkPlaced() | ev.HunksConflicted() | ev.TurnEnded():
                    is_counted = True
                case ev.HunkUnplaced() | ev.HunkSuperseded() | ev.HunkReshaped():
                    is_counted = True
                    is_new = is_new or _any_adds(state, (event.hunk,))
                case ev.HunksDecided() | ev.TurnUndone() | ev.Committed() | ev.CommitUndone():
                    is_counted = True
                    is_new = is_new or _any_adds(state, event.hunks)
                case ev.HunksRestored():
                    is_counted = True
                    is_new = is_new or _any_adds(state, tuple(s.hunk for s in event.hunks))
                case _:
                    pass
        if is_new:
            self._show_files(state)
        if is_counted:
            self.view.show_counts(state.counts())
        for path in opened:
            self.view.reveal(path)

    # -- keys ------------------------------------------------------------------------
    def action_line_down(self) -> None:
        self.view.move(1)

    def action_line_up(self) -> None:
        self.view.move(-1)

    def action_page_down(self) -> None:
        self.view.move(max(1, self.view.height - 2))

    def action_page_up(self) -> None:
        self.view.move(-max(1, self.view.height - 2))

    def action_top(self) -> None:
        self.view.move(-self.view.line_count())

    def action_bottom(self) -> None:
        self.view.move(self.view.line_count())

    def action_expand(self) -> None:
        self.view.open_folder()

    def action_collapse(self) -> None:
        self.view.close_folder()

    def action_choose(self) -> None:
        if path := self.current:
            self.post_message(self.FileChosen(path))
        else:
            self.view.toggle()

    def action_mention(self) -> None:
        if path := self.current:
            self.post_message(self.FileMentioned(path))

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_filter(self) -> None:
        """Type words that the path has; Enter shows the file found, Escape leaves it."""
        self._type("")

    # -- private -----------------------------------------------------------------------
    def on_key(self, event: events.Key) -> None:
        """While the filter is typed, keys are its letters."""
        if self._typed is None:
            return
        if event.key == "escape":
            self._type(None)
        elif event.key == "enter":
            self.action_choose()
            self._type(None)
        elif event.key == "backspace":
            self._type(self._typed[:-1] if self._typed else None)
        elif event.key in ("up", "down"):
            self.view.move(-1 if event.key == "up" else 1)
        elif event.is_printable and event.character:
            self._type(self._typed + event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_tree_view_chosen(self, message: TreeView.Chosen) -> None:
        message.stop()
        self.post_message(self.FileChosen(message.path))

    def on_focus(self, _event: events.Focus) -> None:
        self.view.set_focus_look(True)

    def on_blur(self, _event: events.Blur) -> None:
        self.view.set_focus_look(False)

    def _type(self, typed: str | None) -> None:
        self._typed = typed
        self.set_class(typed is not None, "-filtering")
        self._filter.update(f"/{typed or ''}▏")
        self.view.find(typed)

    def _show_files(self, state: SessionState) -> None:
        """The files on disk and those that hunks would add."""
        files = dict.fromkeys(state.files)
        marks = dict(state.marks)
        for hunk in state.hunks.values():
            is_lost = hunk.status in _NO_FILE or hunk.committed
            if hunk.kind is Kind.ADD and hunk.path not in files and not is_lost:
                files[hunk.path] = None
                marks.setdefault(hunk.path, " +")
        self.view.show_files(files, marks)


def _any_adds(state: SessionState, hunks: Sequence[HunkId]) -> bool:
    """Whether one of these would be a file of its own in the tree."""
    return any(hunk in state.hunks and state.hunks[hunk].kind is Kind.ADD for hunk in hunks)
