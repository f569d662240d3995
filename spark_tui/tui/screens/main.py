"""The desk: files, diff and chat side by side, and what a person's keys there lead to.

The rule kept here: focus moves only by the person's own key. Messages of the panes become verbs of
the session (asking.py, reviewing.py); what the session says comes back once a frame and is handed
to the panes, which draw it. Nothing is decided, counted or remembered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from spark_tui.errors import LimitFault, SparkFault
from spark_tui.session import events as ev
from spark_tui.tui import keys
from spark_tui.tui.bridge import Bridge, SessionChanged
from spark_tui.tui.compositor import TightCompositor
from spark_tui.tui.panes.diff import DiffPane
from spark_tui.tui.panes.files import FilesPane
from spark_tui.tui.screens import asked, words
from spark_tui.tui.screens.asked import CommitAsked, ConnectAsked, ContextAsked, FiguresAsked
from spark_tui.tui.screens.asking import Asking, Job
from spark_tui.tui.screens.following import Following
from spark_tui.tui.screens.reviewing import Reviewing
from spark_tui.tui.screens.staging import Changes, StagingScreen
from spark_tui.tui.screens.turns import Ask
from spark_tui.tui.widgets.field import Field
from spark_tui.tui.widgets.ground import Ground, blank_lines
from spark_tui.tui.widgets.prompt import Prompt
from spark_tui.tui.widgets.status import Status

if TYPE_CHECKING:
    from spark_tui.session.session import Session

NARROW = 100
"""Columns below which the panes stack."""
TINY = (40, 10)
"""Columns and rows below which there is no room to work."""


class MainScreen(StagingScreen):
    """Give it a session with `attach`; until then what is typed stays in the prompt."""

    AUTO_FOCUS = "#prompt"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("global")]

    def __init__(self) -> None:
        super().__init__()
        self._compositor = TightCompositor()
        self.session: Session | None = None
        self.files = FilesPane(id="files")
        self.status = Status()
        self._following: Following | None = None
        self._asking: Asking | None = None
        self._early: list[Prompt.Sent] = []
        """Sent before the session was open."""

    def compose(self) -> ComposeResult:
        with Ground(id="panes"):
            yield self.files
            yield self.diff
            yield self.chat
        yield self.hint
        yield self.status
        yield Static("spark-tui needs 40 columns and 10 rows", id="too-small", markup=False)

    def render_lines(self, crop: Region) -> list[Strip]:
        return blank_lines(self, crop)

    def on_mount(self) -> None:
        self._rest()

    def on_resize(self, event: events.Resize) -> None:
        size = event.size
        self.set_class(size.width < NARROW, "-narrow")
        self.set_class(size.width < TINY[0] or size.height < TINY[1], "-tiny")

    # -- the session ---------------------------------------------------------------
    def attach(self, session: Session) -> None:
        """Show this session and serve it from now on."""
        self.session = session
        if self._following is not None:
            self._following.end()
        own = Changes(session, self.diff, self.hint, start=self.start_job, rest=self._rest)
        self._own_changes = own
        self._following = Following(
            session,
            changes=own,
            chat=self.chat,
            diff=self.diff,
            files=self.files,
            hint=self.hint,
            status=self.status,
            start=self.start_job,
            post=self.post_message,
        )
        self._asking = Asking(
            session,
            self.chat,
            self.hint,
            start=self.start_job,
            shown=lambda: self.diff.shown_path,
            offer=lambda text, offer: self.post_message(ConnectAsked(text, offer)),
        )
        self._reviewing = Reviewing(session, self.hint, start=self.start_job)
        self.chat.prompt.find = session.find
        self._following.begin()
        if self.chat.prompt.text:
            self._asking.edited()
        for message in self._early:
            self._sent(message)
        self._early.clear()

    def start_job(self, job: Job, *, group: str, exclusive: bool = False) -> object:
        """Run a verb of the session as a worker; a fault is said, not raised."""

        async def guarded() -> None:
            try:
                await job()
            except SparkFault as fault:
                self.hint.say(f"{fault.message} {fault.hint}".strip(), level="error")

        worker: Worker[None] = self.run_worker(guarded, group=group, exclusive=exclusive)
        return worker

    async def look(self) -> None:
        """Ask git what is there."""
        if self._following is not None:
            await self._following.look()

    @property
    def draft(self) -> str:
        """What the person has written and not sent."""
        return self._asking.draft if self._asking is not None else self.chat.prompt.text

    @property
    def asking(self) -> Asking | None:
        """What the prompt leads to, for the session that is shown."""
        return self._asking

    @property
    def bridge(self) -> Bridge | None:
        """What gathers the session's events."""
        return self._following.bridge if self._following is not None else None

    @on(SessionChanged)
    def _changed(self, message: SessionChanged) -> None:
        message.stop()
        if self._following is None or self._asking is None:
            return
        self._following.apply(message)
        if any(isinstance(event, ev.TurnStarted | ev.TurnEnded) for event in message.events):
            self.call_next(self._asking.insist)
            self._rest()
        for event in message.events:
            if isinstance(event, ev.TurnEnded) and event.code == LimitFault.code:
                self._asking.refused(event.turn)

    # -- the prompt --------------------------------------------------------------------
    @on(Prompt.Sent)
    def _sent(self, message: Prompt.Sent) -> None:
        message.stop()
        session, asking = self.session, self._asking
        text = message.text.strip()
        if session is None or asking is None:
            self._early.append(message)
            self.hint.say("opening the folder: this is sent as soon as it is open")
        elif asking.refines is not None:
            asking.refine(text)
            self._go(self.diff)
        elif not session.state.ready:
            self.post_message(ConnectAsked(text))
        elif isinstance(message, Prompt.Queued):
            asking.queue(text)
        else:
            asking.send(text)

    def action_models(self) -> None:
        """What the service lists, to choose from."""
        if self._asking is not None:
            self.start_job(self._asking.offer_models, group="models", exclusive=True)

    def send(self, text: str) -> None:
        """Send a text that waited for a key or a model."""
        if self._asking is not None and text:
            self._asking.send(text)

    def give_back(self, text: str) -> None:
        """A text that waited and shall not be sent: it is a draft again."""
        if self._asking is not None and text:
            self._asking.give_back(text)

    @on(Prompt.Edited)
    def _edited(self, message: Prompt.Edited) -> None:
        message.stop()
        if self._asking is not None:
            self._asking.edited()

    @on(Prompt.ChipDropped)
    def _drop_chip(self) -> None:
        if self._asking is not None:
            self._asking.drop_chip()

    @on(Prompt.ChipConfirmed)
    def _confirm_chip(self) -> None:
        if self._asking is not None:
            self._asking.confirm_chip()

    @on(Prompt.EditorAsked)
    def _open_editor(self) -> None:
        from spark_tui.tui.screens.editor import edit_outside

        edit_outside(self.app, self.chat.prompt, self.hint)

    @on(Field.Hinted)
    @on(DiffPane.Hint)
    def _hinted(self, message: Field.Hinted | DiffPane.Hint) -> None:
        self.hint.say(message.text)

    def on_paste(self, event: events.Paste) -> None:
        """A paste while another pane has the focus is text for the prompt, never keys."""
        if not self.chat.prompt.has_focus:
            event.stop()
            self.chat.prompt.put_pasted(event.text)
            self.hint.say("pasted into the prompt")

    # -- the diff and the files ----------------------------------------------------------
    @on(DiffPane.RefineAsked)
    def _refine(self, message: DiffPane.RefineAsked) -> None:
        if self._asking is not None:
            self._asking.begin_refine(message.hunk)
            self._go(self.chat.prompt)

    @on(DiffPane.EscalateAsked)
    def _escalate(self, message: DiffPane.EscalateAsked) -> None:
        if self._asking is not None:
            self._asking.ask(Ask("", escalates=message.hunk))

    @on(DiffPane.CommitAsked)
    def _commit(self, message: DiffPane.CommitAsked) -> None:
        session = self.session
        if session is not None and not session.state.has_git:
            self.hint.say("this folder is no git repository: Ctrl+P, git init")
        elif session is not None and (message.staged or session.commit_preview()):
            self.post_message(CommitAsked(staged=message.staged))
        else:
            self.hint.say("nothing is accepted yet: y accepts a hunk")

    def review_changes(self) -> None:
        """The person's own changes, in the diff pane."""
        if self._own_changes is not None and self.diff.view.mode != "changes":
            self._own_changes.walk()
        self._go(self.diff)

    @on(FilesPane.Left)
    @on(DiffPane.Left)
    def _leave_pane(self) -> None:
        self._go(self.chat.prompt)

    @on(FilesPane.FileChosen)
    def _show_file(self, message: FilesPane.FileChosen) -> None:
        session, path = self.session, message.path
        if self.diff.show_hunks_of(path):
            self._go(self.diff)
            return

        async def job() -> None:
            snapshot = await session.text_of(path) if session is not None else None
            if snapshot is None:
                self.hint.say(f"{path} is not there", level="warning")
            else:
                self.diff.show_file(path, snapshot)

        self.start_job(job, group="show", exclusive=True)
        self._go(self.diff)

    @on(FilesPane.FileMentioned)
    def _mention(self, message: FilesPane.FileMentioned) -> None:
        self.chat.prompt.mention(message.path)
        self._go(self.chat.prompt)

    # -- focus ---------------------------------------------------------------------------
    def _go(self, pane: Widget) -> None:
        """Focus by the person's own key; where panes stack, the files come up only here."""
        self.set_class(pane is self.files, "-files")
        self.set_focus(pane)
        self.hint.say("")
        self._rest()

    def _rest(self) -> None:
        """The keys of where we are."""
        asking = self._asking
        if asking is not None and asking.refines is not None:
            place = "refine"
        elif self.files.has_focus_within:
            place = "files"
        elif self.diff.has_focus_within:
            place = self.diff.place
        else:
            streams = self.session is not None and self.session.state.streaming is not None
            place = "streaming" if streams else "prompt"
        self.hint.rest(words.HINTS[place])

    def on_descendant_focus(self) -> None:
        self._rest()

    @on(Prompt.Walked)
    def action_next_pane(self) -> None:
        """Chat, diff, files, and round."""
        if self.diff.has_focus_within:
            self._go(self.files)
        elif self.files.has_focus_within:
            self._go(self.chat.prompt)
        else:
            self._go(self.diff)

    @on(Prompt.ReviewAsked)
    def _review(self) -> None:
        """Enter on an empty prompt."""
        self._go(self.diff)
        self.diff.show_proposals()
        if self.diff.first_undecided() is None:
            self.hint.say("no hunk waits for a decision")

    # -- keys that work everywhere -------------------------------------------------------
    def action_stop(self) -> None:
        """Esc: stop the answer; else leave what was begun here."""
        asking = self._asking
        if self.diff.leave_choice():
            return
        if asking is not None and asking.stop():
            self.hint.say("stopped; finished hunks stay")
        elif asking is not None and asking.refines is not None:
            asking.end_refine()
            self._go(self.diff)
        elif asking is not None and asking.take_back_queue():
            self.hint.say("what waited is in the prompt again")
        else:
            self.hint.say("")

    def action_go_on(self) -> None:
        """Go on with a cut answer, a failed prompt or the queue."""
        if self._asking is not None and not self._asking.go_on():
            self.post_message(asked.GoOnAsked())

    def action_switch_role(self) -> None:
        if self.session is not None:
            role = self.session.switch_role()
            said = f"the next request goes to {role}: {self.session.state.model}"
            over = self._asking.too_large() if self._asking is not None else ""
            level = "warning" if over else "info"
            self.hint.say(f"{said}. {over}" if over else said, level=level)

    def action_effort(self, effort: str) -> None:
        """How long the model thinks, for this session."""
        if self.session is not None:
            self.session.service.set_effort(effort)

    def action_tier(self, tier: str) -> None:
        """How fast and at what price the service answers, for this session."""
        if self.session is not None:
            self.session.service.set_tier(tier)

    def action_connect(self) -> None:
        self.post_message(ConnectAsked())

    def action_context(self) -> None:
        """What the next request holds, to leave parts out."""
        if (asking := self._asking) is not None:
            self.post_message(ContextAsked(asking.left_out, asking.plan_without, asking.chosen))

    def action_figures(self) -> None:
        self.post_message(FiguresAsked())

    def action_quit_hint(self) -> None:
        """Ctrl+C outside of the prompt does nothing."""
        self.hint.say("Ctrl+Q quits, Esc stops the answer")

    def action_help(self) -> None:
        from spark_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_suspend(self) -> None:
        """Ctrl+Z outside of the prompt."""
        self.app.action_suspend_process()

    def action_redraw(self) -> None:
        self.app.refresh(layout=True)
