"""The keys that take a hunk in hand: split it, edit it, choose some of its lines.

The rule kept here: nothing is decided by choosing; only the person's own y or n on the chosen lines
says what becomes of them. As everywhere in the pane the session is asked by messages.
"""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget

from spark_tui.session.events import Decision, HunkId
from spark_tui.session.state import HunkState, Status
from spark_tui.tui.highlight import Highlighter
from spark_tui.tui.widgets.diff_lines import ChoosingView
from spark_tui.tui.widgets.diff_rows import SIGNS


class Shaping(Widget):
    """The part of the diff pane that is about one hunk and its lines."""

    class Decided(Message, namespace="diff_pane"):
        """The person's word on these hunks."""

        def __init__(self, hunks: tuple[HunkId, ...], decision: Decision) -> None:
            super().__init__()
            self.hunks = hunks
            self.decision = decision

    class SplitAsked(Message, namespace="diff_pane"):
        """This hunk is to be cut into parts."""

        def __init__(self, hunk: HunkId) -> None:
            super().__init__()
            self.hunk = hunk

    class EditAsked(Message, namespace="diff_pane"):
        """The person wants to write this hunk's lines themselves."""

        def __init__(self, hunk: HunkId) -> None:
            super().__init__()
            self.hunk = hunk

    class LinesChosen(Message, namespace="diff_pane"):
        """Only these lines of the hunk are wanted, counted from 0 as the diff shows them."""

        def __init__(self, hunk: HunkId, lines: tuple[int, ...], *, accepted: bool) -> None:
            super().__init__()
            self.hunk = hunk
            self.lines = lines
            self.accepted = accepted
            """They are to be written at once."""

    class Hint(Message, namespace="diff_pane"):
        """A sentence for the person: why a key did nothing, or what it did besides."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, highlighter: Highlighter, empty: list[str], *, id: str | None) -> None:
        super().__init__(id=id)
        self.view = ChoosingView(highlighter, empty=empty)

    # -- keys ------------------------------------------------------------------
    def action_split(self) -> None:
        if hunk := self._open_hunk():
            self.post_message(self.SplitAsked(hunk.id))

    def action_edit(self) -> None:
        if hunk := self._open_hunk():
            self.post_message(self.EditAsked(hunk.id))

    def action_choose_lines(self) -> None:
        """Choose the first line in view; again: begin anew at the line of the cursor."""
        if self.view.mode != "changes" and self._open_hunk() is None:
            return
        if self.view.begin_choice():
            self._say_choice()
        else:
            self._hint("Only lines that go or come can be chosen, and there is none.")

    def leave_choice(self) -> bool:
        """False: no lines were being chosen."""
        ended = self.view.end_choice()
        if ended:
            self._hint("No lines are chosen any more; the hunk is as it was.")
        return ended

    # -- for the pane ----------------------------------------------------------
    def _decide_lines(self, decision: Decision) -> bool:
        """The word on chosen lines; False: none are."""
        choice = self.view.choice
        if choice is None:
            return False
        self.view.end_choice()
        if decision is Decision.ACCEPTED:
            self.post_message(self.LinesChosen(choice.hunk, tuple(choice.lines), accepted=True))
        elif choice.rest:
            self.post_message(self.LinesChosen(choice.hunk, choice.rest, accepted=False))
        else:
            self.post_message(self.Decided((choice.hunk,), decision))
        return True

    def _move_choice(self, delta: int) -> bool:
        """One line further; False: no lines are being chosen."""
        if self.view.choice is None:
            return False
        self.view.move_choice(delta)
        self._say_choice()
        return True

    def _hunk(self) -> HunkState | None:
        return self.view.current_hunk if self.view.mode == "proposals" else None

    def _open_hunk(self) -> HunkState | None:
        """The current hunk, if it can be taken in hand; else it is said why not."""
        hunk = self._hunk()
        if hunk is None:
            self._hint("No hunk here.")
        elif hunk.status in (Status.GROWING, Status.WAITING):
            self._hint(f"{hunk.id} is still being written.")
        elif hunk.status is Status.ACCEPTED:
            self._hint(f"{hunk.id} is accepted; u takes it back first.")
        elif not hunk.is_undecided:
            self._hint(f"{hunk.id} is not open: {SIGNS[hunk.status].words}.")
        elif not self.view.is_current_in_view:
            self.view.select(hunk.id)
            self._hint(f"{hunk.id} was out of view; press again.")
        else:
            return hunk
        return None

    def _say_choice(self) -> None:
        if (choice := self.view.choice) is not None:
            count = f"{len(choice.lines)} of {len(choice.rows)} lines"
            ends = "D too · Esc" if self.view.mode == "changes" else "n without them · Esc"
            self._hint(f"{count} · j/k more · V from here · y only these · {ends}")

    def _hint(self, text: str) -> None:
        self.post_message(self.Hint(text))
