"""The diff pane: what a key means for the hunk under the cursor.

The rule kept here: a key decides only what is placed and what the person has in view; everything
else gets a sentence (`Hint`) and no decision. The pane asks by messages and never calls the
session; drawing is widgets/diff_view.py's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from spark_tui.edits.snapshot import Snapshot
from spark_tui.session.events import Decision, Event, HunkId
from spark_tui.session.state import HunkState, SessionState, Status
from spark_tui.tui import keys
from spark_tui.tui.highlight import Highlighter
from spark_tui.tui.panes.diff_changes import Changing
from spark_tui.tui.widgets.diff_rows import OWN_YES, SIGNS

if TYPE_CHECKING:
    from spark_tui.session.changing import ChangePage

_CELLS = 8
"""How far one key scrolls code sideways."""

_EMPTY = (
    "",
    " Nothing proposed yet.",
    "",
    " What the model writes appears here,",
    " hunk by hunk, while it is written.",
    " Ask in the prompt; then:",
    "",
)
_EMPTY_KEYS = ("accept", "reject", "accept_all", "undo", "commit", "switch_mode")


class DiffPane(Changing, can_focus=True):
    """Holds a DiffView; the keys are those of area "diff"."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("diff")]

    DEFAULT_CSS = """
    DiffPane {
        width: 1fr;
        height: 1fr;
        background: $background;
    }
    """

    class UndoAsked(Message):
        def __init__(self, scope: Literal["decision", "turn"]) -> None:
            super().__init__()
            self.scope = scope

    class RedoAsked(Message):
        """What was taken back last is wanted again."""

    class RefineAsked(Message):
        """This hunk is to be written anew; the reason is typed next."""

        def __init__(self, hunk: HunkId) -> None:
            super().__init__()
            self.hunk = hunk

    class EscalateAsked(Message):
        """The smart model is to write this hunk."""

        def __init__(self, hunk: HunkId) -> None:
            super().__init__()
            self.hunk = hunk

    class HistoryAsked(Message):
        """The operation log is to be shown."""

    class CommitAsked(Message):
        """The accepted hunks are to be committed, or what is staged."""

        def __init__(self, *, staged: bool = False) -> None:
            super().__init__()
            self.staged = staged

    class Left(Message):
        """Back to the prompt; nothing is decided."""

    class PlaceAsked(Message):
        """Put this unplaced hunk before this 0-based line."""

        def __init__(self, hunk: HunkId, line: int) -> None:
            super().__init__()
            self.hunk = hunk
            self.line = line

    class CopyAsked(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, highlighter: Highlighter | None = None, *, id: str | None = None) -> None:
        super().__init__(highlighter or Highlighter(), _empty_words(), id=id)
        self._to_place: HunkId | None = None
        """The unplaced hunk that was current last: what `p` in a file means."""

    def compose(self) -> ComposeResult:
        yield self.view

    # -- attributes down -----------------------------------------------------------
    @property
    def current(self) -> HunkId | None:
        """The hunk under the cursor."""
        return self.view.current if self.view.mode == "proposals" else None

    @property
    def shown_path(self) -> str | None:
        """The file that the person looks at."""
        return self.view.path

    def load(self, state: SessionState) -> None:
        """Show the proposals of a state, from scratch."""
        self.view.load(state)

    def apply(self, events: Sequence[Event], state: SessionState) -> None:
        """Follow the events of one frame."""
        self.view.apply(events, state)

    def show_changes(self, page: ChangePage) -> None:
        """Show a scope of the person's own changes."""
        self.view.show_changes(page)

    def show_file(self, path: str, snapshot: Snapshot, *, line: int = 0) -> None:
        """Show a file, the cursor on this 0-based line."""
        self._remember_unplaced()
        if self.view.mode != "file":
            self._opened_from = self.view.mode
        self.view.show_file(path, snapshot, line=line)

    def show_proposals(self) -> None:
        """Show the hunks again."""
        self.view.switch("proposals")

    def show_hunks_of(self, path: str) -> bool:
        """Put the cursor on the first hunk of a file. False if there is none."""
        for hunk in self.view.hunks():
            if hunk.path == path:
                return self.view.select(hunk.id)
        return False

    def select(self, hunk: HunkId) -> bool:
        """Put the cursor on a hunk. False if it is not shown."""
        return self.view.select(hunk)

    def first_undecided(self) -> HunkId | None:
        """Put the cursor on the first hunk that awaits a decision."""
        return self.view.first_undecided()

    # -- deciding --------------------------------------------------------------------
    def action_accept(self) -> None:
        if not self._take("accept") and not self._decide_lines(Decision.ACCEPTED):
            self._decide(Decision.ACCEPTED)

    def action_reject(self) -> None:
        if not self._take("reject") and not self._decide_lines(Decision.REJECTED):
            self._decide(Decision.REJECTED)

    def action_accept_file(self) -> None:
        if not self._take("accept_file"):
            self._decide_file(Decision.ACCEPTED)

    def action_reject_file(self) -> None:
        if not self._take("reject_file"):
            self._decide_file(Decision.REJECTED)

    def action_accept_all(self) -> None:
        """Accept what is open in the turn of the current hunk, or else in the newest."""
        if self._take("accept_all"):
            return
        hunks = self.view.hunks()
        current = self._hunk()
        turn = current.turn if current else max((hunk.turn for hunk in hunks), default=0)
        chosen = [hunk for hunk in hunks if hunk.turn == turn and hunk.is_undecided]
        self._decide_many(chosen, Decision.ACCEPTED, "No open hunk in this turn.")

    def _decide(self, decision: Decision) -> None:
        hunk = self._hunk()
        if hunk is None:
            self._hint("No hunk here to decide.")
            return
        if not self.view.is_current_in_view:
            self.view.select(hunk.id)
            self._hint(f"{hunk.id} was out of view; press again to decide it.")
            return
        match hunk.status:
            case Status.PLACED | Status.CONFLICT:
                self._say(decision, hunk)
            case Status.UNPLACED if decision is Decision.REJECTED:
                self._say(decision, hunk)
            case Status.ACCEPTED if decision is Decision.REJECTED:
                self._hint(f"{hunk.id} is accepted; undo takes it back.")
            case Status.GROWING | Status.WAITING:
                self._hint(f"{hunk.id} is still being written; nothing is decided.")
            case Status.UNPLACED:
                self._hint(f"{hunk.id} has no place yet: choose one, copy it or ask again.")
            case _:
                now_at = self.view.next_undecided()
                where = f"now at {now_at}" if now_at else "nothing else is open"
                self._hint(f"{hunk.id} is {SIGNS[hunk.status].words}; {where}.")

    def _say(self, decision: Decision, hunk: HunkState) -> None:
        self.post_message(self.Decided((hunk.id,), decision))
        self.view.next_undecided(frozenset((hunk.id,)))

    def _decide_file(self, decision: Decision) -> None:
        current = self._hunk()
        if current is None:
            self._hint("No hunk here to decide.")
            return
        hunks = self.view.hunks()
        rest = hunks[next(i for i, hunk in enumerate(hunks) if hunk.id == current.id) :]
        chosen = [hunk for hunk in rest if hunk.path == current.path and hunk.is_undecided]
        self._decide_many(chosen, decision, f"No open hunk left in {current.path}.")

    def _decide_many(self, hunks: Sequence[HunkState], decision: Decision, none: str) -> None:
        """Several at once; hunks that need their own yes are left open and named."""
        alone = [hunk for hunk in hunks if hunk.flags & OWN_YES]
        if decision is Decision.REJECTED:
            alone = []
        chosen = tuple(hunk.id for hunk in hunks if hunk not in alone)
        if chosen:
            self.post_message(self.Decided(chosen, decision))
            self.view.next_undecided(frozenset(chosen))
        if alone:
            names = ", ".join(f"{hunk.id} ({hunk.path})" for hunk in alone)
            self._hint(f"Only a yes of their own accepts: {names}.")
        elif not chosen:
            self._hint(none)

    # -- moving ------------------------------------------------------------------------
    def action_next_hunk(self) -> None:
        self.view.move(1)

    def action_previous_hunk(self) -> None:
        self.view.move(-1)

    def action_next_file(self) -> None:
        self.view.move_file(1)

    def action_previous_file(self) -> None:
        self.view.move_file(-1)

    def action_line_down(self) -> None:
        if not self._move_choice(1):
            self.view.scroll_rows(1)

    def action_line_up(self) -> None:
        if not self._move_choice(-1):
            self.view.scroll_rows(-1)

    def action_page_down(self) -> None:
        self.view.scroll_rows(max(1, self.view.height - 2))

    def action_page_up(self) -> None:
        self.view.scroll_rows(-max(1, self.view.height - 2))

    def action_top(self) -> None:
        self.view.scroll_rows(-self.view.line_count())

    def action_bottom(self) -> None:
        self.view.scroll_rows(self.view.line_count())

    def action_scroll_left(self) -> None:
        self.view.scroll_code(-_CELLS)

    def action_scroll_right(self) -> None:
        self.view.scroll_code(_CELLS)

    def action_more_context(self) -> None:
        self.view.more_context()

    def action_switch_mode(self) -> None:
        """Proposals, work tree, staged, branch, and round; from a file back to where it was."""
        if self.view.mode == "proposals":
            self._remember_unplaced()
        if self.view.mode == "file":
            self.leave_file()
        else:
            self.post_message(self.ChangesAsked())

    def action_open(self) -> None:
        """Enter: the file of a change; else back to the prompt."""
        if not self._take("open"):
            self.action_leave()

    def action_leave(self) -> None:
        self.post_message(self.Left())

    # -- asking for more -----------------------------------------------------------------
    def action_undo(self) -> None:
        if not self._take("undo"):
            self.post_message(self.UndoAsked("decision"))

    def action_undo_turn(self) -> None:
        self.post_message(self.UndoAsked("turn"))

    def action_redo(self) -> None:
        if not self._take("redo"):
            self.post_message(self.RedoAsked())

    def action_refine(self) -> None:
        if hunk := self._settled_text("refine"):
            self.post_message(self.RefineAsked(hunk.id))

    def action_escalate(self) -> None:
        if hunk := self._settled_text("ask again"):
            self.post_message(self.EscalateAsked(hunk.id))

    def action_commit(self) -> None:
        self.post_message(self.CommitAsked(staged=self.place == "staged"))

    def action_history(self) -> None:
        """What was done, entry by entry."""
        self.post_message(self.HistoryAsked())

    def action_copy(self) -> None:
        text = self.view.rows_text()
        if text:
            self.post_message(self.CopyAsked(text))
        else:
            self._hint("Nothing here to copy.")

    def action_next_candidate(self) -> None:
        """Mark the next line where the unplaced hunk might go; of a change show the file."""
        if self._take("open"):
            return
        line = self.view.next_candidate()
        if line is None:
            self._hint("This hunk has no candidate lines.")
        else:
            self._hint(f"Perhaps before line {line + 1}.")

    def action_place(self) -> None:
        """Before the marked candidate, or in a shown file before the line under the cursor."""
        if self.view.mode == "file" and self._to_place is not None:
            self.post_message(self.PlaceAsked(self._to_place, self.view.row))
            return
        hunk = self._hunk()
        if hunk is None or hunk.status is not Status.UNPLACED:
            self._hint("Only a hunk without a place can be placed by hand.")
        elif (line := self.view.candidate) is not None:
            self.post_message(self.PlaceAsked(hunk.id, line))
        else:
            self._hint(f"Open {hunk.path} from the files, go to the line and press this key there.")

    # -- private -----------------------------------------------------------------------------
    def on_focus(self, _event: events.Focus) -> None:
        self.view.set_focus_look(True)

    def on_blur(self, _event: events.Blur) -> None:
        self.view.set_focus_look(False)

    def _settled_text(self, what: str) -> HunkState | None:
        """The current hunk if the model has finished it."""
        hunk = self._hunk()
        if hunk is None:
            self._hint(f"No hunk here to {what}.")
        elif hunk.status in (Status.GROWING, Status.WAITING):
            self._hint(f"{hunk.id} is still being written.")
        else:
            return hunk
        return None

    def _remember_unplaced(self) -> None:
        hunk = self._hunk()
        is_lost = hunk is not None and hunk.status is Status.UNPLACED
        self._to_place = hunk.id if hunk is not None and is_lost else None


def _empty_words() -> list[str]:
    """What an empty pane says: what will be here, and the keys."""
    rows = {row.action: row for row in keys.rows("diff")}
    shown = [rows[action] for action in _EMPTY_KEYS if action in rows]
    return [*_EMPTY, *(f"   {row.label:<3}{row.words}" for row in shown)]
