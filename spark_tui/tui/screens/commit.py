"""The commit: the chosen hunks, and a message that the model drafts.

The rule kept here: what the person wrote is never overwritten, and a refusal loses nothing; message
and choice stay, also over a restart, and the words of git and its hooks are shown. Committing
itself is the session's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static, TextArea

from spark_tui.errors import SparkFault
from spark_tui.session import events as ev
from spark_tui.text import one_line, visible
from spark_tui.tui.bridge import Bridge, SessionChanged
from spark_tui.tui.compositor import TightCompositor
from spark_tui.tui.widgets.commit_list import CommitList, PickView
from spark_tui.tui.widgets.commit_said import CommitSaid
from spark_tui.tui.widgets.field import Field
from spark_tui.tui.widgets.hint import Hint
from spark_tui.tui.widgets.message_field import MessageField, WhoCommits

if TYPE_CHECKING:
    from spark_tui.session.session import Choice, CommitDone, CommitRefused, Last, Session

T = TypeVar("T")
_KEYS = "Enter commit · Tab choose hunks, amend · Ctrl+J new line · PgUp PgDn scroll · Esc back"
_LIST_KEYS = "Space in or out · a all · m amend · t in the terminal · r draft anew · Enter message"
_SAID_KEYS = "Enter go there · j k · o all of the output · Tab message · Esc back"
KEEP_S = 0.5
"""A message that is being typed is kept when the keys rest so long."""


@dataclass(frozen=True, slots=True)
class Jump:
    """The person wants to see a place that a hook complains about."""

    path: str
    line: int
    """1-based; 0: the file."""


class CommitScreen(Screen["CommitDone | Jump | None"]):
    """Dismissed with the commit, with a place to go to, or with None when the person left."""

    CSS_PATH = "commit.tcss"
    AUTO_FOCUS = "#message"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
    ]

    def __init__(self, session: Session, *, staged: bool = False) -> None:
        super().__init__()
        self._compositor = TightCompositor()
        self._session = session
        self._is_staged = staged
        self._title = Static("", id="title", markup=False)
        self._list = CommitList()
        self._said = CommitSaid()
        self._said_box = Vertical(self._said, id="said-box")
        self._who = WhoCommits(id="who")
        self._field = MessageField(id="message", placeholder="The first line says what changes")
        self._hint = Hint()
        self._streamed = ""
        """What was written into the field by the model, or out of an old commit."""
        self._is_mine = False
        """The person has changed the message: nobody else's words go in."""
        self._is_stale = False
        """The choice has changed since the message was drafted."""
        self._amends: Last | None = None
        self._asked_twice = ""
        """The commit whose objection was shown: the same key again insists."""
        self._insists = False
        self._busy = self._is_over = False
        self._timer: Timer | None = None
        self._bridge = Bridge(lambda happened: self.post_message(SessionChanged(happened)))

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._list
        yield self._said_box
        yield self._field
        yield self._who
        yield self._hint

    def on_mount(self) -> None:
        self._said_box.display = self._who.display = False
        self._stop_listening = self._session.listen(self._bridge)
        kept = self._begun()
        if self._is_staged:
            self._show_staged()
        else:
            state = self._session.state
            chosen = kept.hunks if kept is not None else None
            self._list.show(self._session.commit_preview(), state, chosen)
        if kept is None:
            self._draft()
        else:
            self._is_mine = True
            self._write(kept.text)
            self._hint.say("this is the message you had begun; Tab, r writes it anew")
            if kept.amend:
                self._amend()
        self._retitle()

    def _begun(self) -> ev.CommitDraftKept | None:
        """The message that was begun, if it is one for what can be committed now."""
        state = self._session.state
        kept = state.commit_draft
        if kept is None or kept.is_staged != self._is_staged:
            return None
        left = {h.id for h in state.accepted_hunks()}
        return kept if kept.hunks is None or left & set(kept.hunks) else None

    def on_unmount(self) -> None:
        self._keep()
        self._bridge.close()
        self._stop_listening()

    # -- what it will hold ---------------------------------------------------------------
    @property
    def choice(self) -> Choice:
        """What Enter would commit."""
        from spark_tui.session.session import Choice, Identity

        who = self._who.answer if self._who.display else None
        return Choice(
            self._list.chosen if not self._is_staged else None,
            is_staged=self._is_staged,
            amend=self._amends is not None,
            anyway=self._insists,
            identity=Identity(*who) if who is not None else None,
        )

    def _retitle(self) -> None:
        chosen, every = self._list.count
        if self._is_staged:
            what = "what you have staged, and nothing else"
        elif chosen == every:
            what = "exactly the accepted hunks"
        else:
            what = f"exactly {chosen} of the {every} accepted hunks"
        if self._amends is None:
            self._title.update(f"Commit: {what}")
        else:
            subject = one_line(self._amends.message.partition("\n")[0])
            self._title.update(f"Amend {self._amends.commit[:9]} “{subject}” with {what}")
        self._rest()

    @work(group="staged")
    async def _show_staged(self) -> None:
        rows = await self._session.committing.staged()
        self._list.show_lines(("file", f"{one_line(r.path)}  {r.change}") for r in rows)
        if not rows:
            self._hint.say("nothing is staged")

    @on(CommitList.Chosen)
    def _chosen(self) -> None:
        self._is_stale = True
        self._retitle()
        self._keep_soon()

    @on(PickView.Asked)
    def _key(self, message: PickView.Asked) -> None:
        match message.what:
            case "amend":
                self._amend()
            case "terminal":
                self._finish(terminal=True)
            case "output":
                self._said.switch()
            case "redraft":
                self._is_mine = False
                self._amends = None
                self._draft()
                self._retitle()
            case _:
                self.set_focus(self._field)

    @work(group="amend", exclusive=True)
    async def _amend(self) -> None:
        """Take the last commit in, or leave it alone again."""
        if self._amends is not None:
            self._amends, self._insists = None, False
            self._hint.say("a new commit again")
            if not self._is_mine:
                self._draft()
        elif not self._is_staged:
            last = await self._session.committing.last()
            if last is None:
                self._hint.say("there is no commit yet that could be amended")
                return
            if last.objection and (last.is_final or self._asked_twice != last.commit):
                self._asked_twice = last.commit
                more = "" if last.is_final else " m once more amends it all the same."
                self._hint.say(f"{last.objection}{more}", level="warning")
                return
            self._amends, self._insists = last, bool(last.objection)
            self._hint.say(f"Enter puts {last.commit[:9]} and these hunks into one commit")
            if not self._is_mine:
                self.workers.cancel_group(self, "draft")
                self._write(last.message)
        self._retitle()

    # -- the message -----------------------------------------------------------------------
    @work(group="draft", exclusive=True)
    async def _draft(self) -> None:
        self._is_stale = False
        try:
            await self._session.draft_message(self.choice)
        except SparkFault as fault:
            self._hint.say(f"no draft: {fault.message}", level="warning")

    @on(SessionChanged)
    def _changed(self, message: SessionChanged) -> None:
        message.stop()
        for event in message.events:
            if isinstance(event, ev.MessageDrafted) and not self._is_mine and not self._amends:
                self._write(event.text)
                if event.error:
                    self._hint.say(f"no draft by the model: {event.error}", level="warning")

    def _write(self, text: str) -> None:
        self._streamed = text
        self._field.text = text
        self._field.move_cursor(self._field.document.end)

    @on(TextArea.Changed)
    def _edited(self, message: TextArea.Changed) -> None:
        message.stop()
        if self._field.text != self._streamed:
            self._is_mine = True
            self._keep_soon()

    def _keep_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(KEEP_S, self._keep)

    def _keep(self) -> None:
        """Message and choice survive whatever happens to this process."""
        choice = self.choice
        if self._is_over:
            return
        if self._is_mine or choice.hunks is not None or choice.amend:
            self._session.committing.keep(self._field.text.strip() and self._field.text, choice)

    # -- committing ------------------------------------------------------------------------
    @on(MessageField.Finished)
    def _enter(self) -> None:
        self._finish()

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        self._finish()

    def _finish(self, *, terminal: bool = False) -> None:
        if self._busy:
            return
        text = self._field.text.strip()
        if not text:
            self._hint.say("write one line first")
            return
        if not self._is_staged and not self._list.count[0] and self._amends is None:
            self._hint.say("no hunk is chosen: Tab, Space takes one in")
            return
        if self._who.display and self._who.answer is None:
            self._hint.say("name and address are both needed")
            return
        self._is_mine = self._busy = True
        self._keep()
        self._hint.say("committing: your hooks run · Esc stops them")
        self._commit(text, terminal=terminal)

    @work(group="commit")
    async def _commit(self, text: str, *, terminal: bool) -> None:
        try:
            asks = terminal or await self._session.committing.asks()
            hand = _Lent(self) if asks and _can_lend(self) else None
            done = await self._session.commit(text, self.choice, hand=hand)
        except SparkFault as fault:
            self._hint.say(f"not committed: {fault.message} {fault.hint}".strip(), level="error")
            return
        finally:
            self._busy = False
        self._settle(done)

    def _settle(self, done: CommitDone | CommitRefused) -> None:
        commit = getattr(done, "commit", None)
        if commit is not None:
            self._is_over = True
            self.dismiss(done)  # type: ignore[arg-type]  # a CommitDone: it has a commit
        else:
            self._refuse(done)  # type: ignore[arg-type]

    def _refuse(self, no: CommitRefused) -> None:
        """Nothing was committed and nothing is lost: say why."""
        self._who.display = self._who.display or no.code == "identity"
        output = "" if no.code == "identity" else no.output
        self._said_box.display = self._said.show(no, output)
        words = [f"not committed: {one_line(no.message)}", one_line(no.hint)]
        if no.code == "identity":
            words[1] = "Tab: type name and address below, Enter commits."
        elif self._said.count:
            words.append(f"Tab: {self._said.count} to look at, Enter goes there, o shows all.")
        if "/dev/tty" in no.output:
            words.append("A hook wants to ask: Tab, t commits in the terminal.")
        self._hint.say(" ".join(filter(None, words)), level="error")

    @on(CommitSaid.Jumped)
    def _jump(self, message: CommitSaid.Jumped) -> None:
        self._keep()
        self.dismiss(Jump(message.path, message.line))

    # -- around ----------------------------------------------------------------------------
    @on(MessageField.Scrolled)
    def _scroll(self, message: MessageField.Scrolled) -> None:
        page = max(1, self._list.height - 2)
        self._list.move_to(self._list.top + message.pages * page)

    @on(Field.Hinted)
    def _hinted(self, message: Field.Hinted) -> None:
        self._hint.say(message.text)

    def on_descendant_focus(self) -> None:
        self._rest()
        if self._field.has_focus and self._is_stale and not self._is_mine and not self._amends:
            self._draft()

    def _rest(self) -> None:
        """The keys of where we are."""
        words = _LIST_KEYS if self._list.has_focus else _KEYS
        self._hint.rest(_SAID_KEYS if self._said.has_focus else words)

    def action_leave(self) -> None:
        """Back; while git runs, stop it first: a commit never goes on unseen."""
        if self._busy:
            self._session.stop_commit()
            self._hint.say("stopping git and its hooks")
        else:
            self.dismiss(None)


class _Lent:
    """The screen, put away while git has the terminal."""

    def __init__(self, screen: CommitScreen) -> None:
        self._screen = screen

    def tell(self, text: str) -> None:
        out = sys.__stdout__
        if out is not None:
            out.write(visible(text))
            out.flush()

    def lend(self, job: Callable[[], T]) -> T | None:
        """The loop waits meanwhile, as it does for an editor."""
        with self._screen.app.suspend():
            self.tell("git commits; it has the terminal (Ctrl+C stops it)\n")
            return job()


def _can_lend(screen: CommitScreen) -> bool:
    driver = screen.app._driver
    return driver is not None and driver.can_suspend
