"""The keys of the diff pane while changes of the person's own are shown: stage, unstage, discard.

The rule kept here: one key, one act on what is under the cursor and in view; a page for reading and
everything that cannot be acted on gets a sentence. As everywhere in the pane the session is asked
by messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual.message import Message

from spark_tui.session.changing import ChangeHunk, FileChange, Pick, split
from spark_tui.tui.panes.diff_shaping import Shaping
from spark_tui.tui.widgets.diff_view import Mode

if TYPE_CHECKING:
    from spark_tui.session.changing import Act

    Asked = Act | Literal["undo", "redo"]

_READING = "What a branch adds is committed: this page is for reading."


class Changing(Shaping):
    """The part of the diff pane that is about changes no model made."""

    class ActAsked(Message, namespace="diff_pane"):
        """Stage, unstage or discard this, or take the last of these acts back."""

        def __init__(self, act: Asked, picks: Sequence[Pick] = ()) -> None:
            super().__init__()
            self.act: Asked = act
            self.picks = tuple(picks)

    class ChangesAsked(Message, namespace="diff_pane"):
        """The next page is wanted: answer with `show_changes`, or `show_proposals`."""

    class AgainAsked(Message, namespace="diff_pane"):
        """A page of changes is shown again: as it is now, please."""

    class ShowAsked(Message, namespace="diff_pane"):
        """Show this file, at this 0-based line."""

        def __init__(self, path: str, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    _opened_from: Mode = "proposals"
    """Which page was shown before the file."""

    @property
    def place(self) -> str:
        """Which of the hint line's words fit: diff, or the scope that is shown."""
        return self.view.scope if self.view.mode == "changes" else "diff"

    def leave_file(self) -> None:
        """From a file back to where it was opened: the hunks, or a page of changes."""
        self.view.switch(self._opened_from)
        if self._opened_from == "changes":
            self.post_message(self.AgainAsked())

    # -- keys ------------------------------------------------------------------
    def action_discard(self) -> None:
        """This hunk out of the work tree, back to what the index has."""
        if self.view.mode != "changes":
            self._hint("D discards changes of your own: w shows them.")
        elif self.view.scope != "worktree":
            self._hint("Only what is not staged can be discarded: w shows the work tree.")
        else:
            self._ask("discard")

    def action_split(self) -> None:
        if not self._take("split"):
            super().action_split()

    def action_edit(self) -> None:
        if not self._take("edit"):
            super().action_edit()

    def _take(self, action: str) -> bool:
        """A key while changes are shown; False: none are, or it means the same there."""
        if self.view.mode != "changes":
            return False
        match action:
            case "accept":
                self._ask(self._own_act)
            case "reject":
                self._skip()
            case "accept_file":
                self._ask_file()
            case "accept_all":
                self._ask_all()
            case "reject_file":
                self._hint("D discards this hunk; nothing here is rejected.")
            case "split":
                self._split()
            case "edit":
                self._hint("Not here: Enter shows the file, your editor changes it.")
            case "undo" | "redo":
                self.post_message(self.ActAsked("undo" if action == "undo" else "redo"))
            case "open":
                self._show()
            case _:
                return False
        return True

    # -- private ---------------------------------------------------------------
    @property
    def _own_act(self) -> Act | None:
        match self.view.scope:
            case "worktree":
                return "stage"
            case "staged":
                return "unstage"
            case "branch":
                return None

    def _at_hand(self) -> tuple[FileChange, ChangeHunk] | None:
        """What is under the cursor and in view; else it is said why not."""
        current = self.view.current_change
        if current is None:
            self._hint("No hunk here.")
        elif not self.view.is_current_in_view:
            self.view.show_current()
            self._hint("The hunk was out of view; press again.")
        else:
            return current
        return None

    def _ask(self, act: Act | None) -> None:
        """This hunk, or the chosen lines of it."""
        if act is None:
            self._hint(_READING)
        elif (current := self._at_hand()) is not None:
            file, hunk = current
            choice = self.view.choice
            lines = tuple(choice.lines) if choice is not None else None
            self.view.end_choice()
            self.post_message(self.ActAsked(act, (Pick(file, frozenset((hunk.number,)), lines),)))
            if lines is None:
                self.view.move(1)  # at once: the next key is about the next hunk

    def _ask_file(self) -> None:
        """The rest of this file, from this hunk on."""
        act = self._own_act
        if act is None:
            self._hint(_READING)
        elif (current := self._at_hand()) is not None:
            file, hunk = current
            rest = frozenset(h.number for h in file.hunks if h.number >= hunk.number)
            self.post_message(self.ActAsked(act, (Pick(file, rest),)))

    def _ask_all(self) -> None:
        act = self._own_act
        files = [file for file in self.view.changed_files if file.hunks]
        if act is None:
            self._hint(_READING)
        elif files:
            picks = [Pick(file, frozenset(h.number for h in file.hunks)) for file in files]
            self.post_message(self.ActAsked(act, picks))
        else:
            self._hint("No hunk here.")

    def _skip(self) -> None:
        if self.view.end_choice():
            self._hint("No lines are chosen any more.")
            return
        before = self.view.current_change
        self.view.move(1)
        if self.view.current_change == before:
            self._hint("That was the last hunk; w shows the next page.")

    def _split(self) -> None:
        if (current := self._at_hand()) is None:
            return
        file, hunk = current
        finer = split(file, hunk.number)
        if finer == file:
            self._hint("This hunk cannot be cut any further.")
        else:
            self.view.split_change(finer)

    def _show(self) -> None:
        if (current := self.view.current_change) is not None:
            file, hunk = current
            line = next((row.new for row in hunk.rows if row.sign == "+" and row.new), None)
            line = line or next((row.new for row in hunk.rows if row.new), 1)
            self.post_message(self.ShowAsked(file.path, line - 1))
