"""From the diff to the disk: decisions, undo, redo, places; and what came of them.

The rule kept here: every verb is a job of its own, never in the turn's group, so a decision holds
whatever happens to the answer that streams; its result is said in one sentence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from spark_tui.session.events import Decision, HunkId
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.screens import words
from spark_tui.tui.screens.asking import Start
from spark_tui.tui.widgets.hint import Hint

if TYPE_CHECKING:
    from spark_tui.session.session import Acted, Refused, Session
    from spark_tui.session.undo_preview import Preview
    from spark_tui.tui.screens.undo import Choice


class Reviewing:
    """The diff's half of the desk, for one session."""

    def __init__(self, session: Session, hint: Hint, *, start: Start) -> None:
        self._session = session
        self._hint = hint
        self._start = start

    def decide(self, hunks: Sequence[HunkId], decision: Decision) -> None:
        """Accept, reject or reopen."""
        chosen = tuple(hunks)

        async def job() -> None:
            outcome = await self._session.decide(chosen, decision)
            text, level = words.decided(outcome, self._session.state)
            self._hint.say(text, level=level)

        self._start(job, group="decide")

    def undo(self) -> None:
        """The last decision back."""
        self._act(self._session.undo)

    def take_back(self, seen: Preview, choice: Choice) -> None:
        """The turn or the commit that was shown, as the person chose."""
        session, commit = self._session, seen.commit
        if commit is None:
            self._act(lambda: session.undo_turn(seen.turn))
        elif choice:
            keep, revert = choice == "keep", choice == "revert"
            self._act(lambda: session.undoing.undo_commit(commit.commit, keep=keep, revert=revert))

    def redo(self) -> None:
        """What was taken back last: by u, or by U as a whole turn."""
        state = self._session.state
        has_undone_turn = bool(state.acts) and state.acts[-1].turn > 0
        is_turn = has_undone_turn and not state.taken_back
        self._act(self._session.undo if is_turn else self._session.redo)

    def preview_undo(self, show: Callable[[Preview], object]) -> None:
        """Find out what taking the newest commit or turn back would touch, and show it."""

        async def job() -> None:
            seen = await self._session.undoing.preview_newest()
            if seen.is_empty:
                self._hint.say("no turn has anything to take back")
            else:
                show(seen)

        self._start(job, group="decide")

    def split(self, hunk: HunkId) -> None:
        """Into smaller hunks."""

        async def job() -> None:
            outcome = await self._session.split(hunk)
            if outcome.refused:
                self._hint.say(f"{hunk}: {outcome.refused}", level="warning")
            else:
                self._hint.say(f"{hunk} is now {', '.join(outcome.parts)} (u makes it whole)")

        self._start(job, group="decide")

    def keep_lines(self, hunk: HunkId, lines: Sequence[int], *, accepted: bool) -> None:
        """Only these lines of a hunk, and then yes to them or not yet."""

        async def job() -> None:
            outcome = await self._session.keep_lines(hunk, lines)
            if outcome.refused:
                self._hint.say(f"{hunk}: {outcome.refused}", level="warning")
            elif accepted:
                decided = await self._session.decide(outcome.parts, Decision.ACCEPTED)
                text, level = words.decided(decided, self._session.state)
                self._hint.say(text, level=level)
            else:
                self._hint.say(f"{outcome.parts[0]} is {hunk} without those lines: y accepts it")

        self._start(job, group="decide")

    def text(self, hunk: HunkId) -> str | Refused:
        """What a hunk makes of its lines, to be edited."""
        return self._session.hunk_text(hunk)

    def path(self, hunk: HunkId) -> str:
        """The file that a hunk is about."""
        return self._session.state.hunk(hunk).path

    def edit(self, hunk: HunkId, text: str) -> None:
        """A hunk whose lines the person wrote themselves."""

        async def job() -> None:
            outcome = await self._session.edit_hunk(hunk, text)
            if outcome.refused:
                self._hint.say(f"{hunk}: {outcome.refused}", level="warning")
            elif outcome.parts == (hunk,):
                self._hint.say(f"{hunk} is as it was")
            else:
                self._hint.say(f"{outcome.parts[0]} is {hunk} in your words: y accepts it")

        self._start(job, group="decide")

    def place(self, hunk: HunkId, line: int) -> None:
        """An unplaced hunk before this line of its file."""

        async def job() -> None:
            if await self._session.place_at(hunk, line):
                self._hint.say(f"{hunk} stands before line {line + 1}: y accepts it")
            else:
                self._hint.say(f"{hunk} cannot be placed in this file", level="warning")

        self._start(job, group="decide")

    def insert(self, code: str, diff: DiffPane) -> None:
        """A code block of the conversation as a hunk before the line under the cursor."""
        path, line = diff.shown_path, diff.view.row
        if not code:
            self._hint.say("no answer here has a code block")
            return
        if path is None or diff.view.mode != "file":
            self._hint.say("show the file first (files pane, Enter), go to the line, then again")
            return

        async def job() -> None:
            hunk = await self._session.insert_code(code, path, line)
            self._hint.say(f"{hunk} is the code block, in {path}: y accepts it")

        self._start(job, group="decide")

    def _act(self, verb: Callable[[], Awaitable[Acted]]) -> None:
        async def job() -> None:
            acted = await verb()
            self._hint.say(acted.message, level="info" if acted.done else "warning")

        self._start(job, group="decide")
