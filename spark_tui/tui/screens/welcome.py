"""The first start: where shall requests go? One key for each answer.

The rule kept here: it never blocks browsing (Esc leaves), nothing goes over the network before a
key asks for it, and a key that is typed in the moment the page appears is text for the prompt, not
an answer. A model that the service does not list is never taken silently: another is offered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from spark_tui.errors import SparkFault
from spark_tui.text import one_line

if TYPE_CHECKING:
    from spark_tui.session.session import Endpoint, LocalServer, ModelInfo, ModelOffer, Session

QUIET_S = 0.4
"""Keys this soon after the page appeared were meant for the prompt."""
MOST_ROWS = 12

Step = Literal["choices", "key", "list"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person chose."""

    what: Literal["ready", "demo", "review", "typed", "left"]
    typed: str = ""
    """A key that was meant for the prompt."""
    said: str = ""
    """One sentence for the hint line."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One model at one place."""

    words: str
    model: str
    endpoint: Endpoint
    keep_key: bool
    """The key was typed here: store it."""
    word: str = ""
    """At another service, for this role alone: how that model is called."""


class WelcomeScreen(ModalScreen[Answer]):
    """Dismissed with an Answer."""

    CSS_PATH = "sheet.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False),
    ]

    def __init__(
        self,
        session: Session,
        *,
        offer: ModelOffer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._session = session
        self._offer = offer
        self._clock = clock
        self._since = clock()
        self._step: Step = "choices"
        self._text = Static("", markup=False)
        self._field = Input(password=True, placeholder="paste the key, then Enter")
        self._note = ""
        self._choices: tuple[Choice, ...] = ()
        self._chosen = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield self._text
            yield self._field

    def on_mount(self) -> None:
        if self._offer is not None:
            self._show(self._offer)
        else:
            self._go("choices")
            if self._session.service.looks_around and not self._session.state.ready:
                self._find_local()

    # -- pages -------------------------------------------------------------------
    def _go(self, step: Step, note: str = "") -> None:
        self._step = step
        self._note = note or (self._note if step == "list" else "")
        self._field.display = step == "key"
        if step == "key":
            self._field.focus()
        else:
            self.set_focus(None)
        self._draw()

    def _draw(self) -> None:
        match self._step:
            case "choices":
                lines = self._choice_lines()
            case "key":
                lines = [
                    Content.assemble((f"A key for {self._host()}", "bold")),
                    Content("It is tested with a free request, then kept in the keyring,"),
                    Content("or in a file only you can read. Enter tests it, Esc goes back."),
                ]
            case "list":
                lines = self._list_lines()
        if self._note:
            lines += [Content(""), Content(self._note).stylize("$warning")]
        self._text.update(Content("\n").join(lines))

    def _choice_lines(self) -> list[Content]:
        state = self._session.state
        rows = [
            ("k", f"paste an API key for {self._host()}"),
            ("l", f"look for a model server on this machine ({self._servers(2)}, ...)"),
            ("r", "review my own changes, no model needed"),
            ("d", "the demo: a scripted model, no key, no network"),
        ]
        if state.ready:
            rows.insert(0, ("m", "choose another model"))
        if not state.has_git:
            rows.append(("g", "make this folder a git repository (git init)"))
        rows.append(("Esc", "just look around; Ctrl+R brings this page back"))
        head = "Ready" if state.ready else "No model is set up yet"
        return [
            Content.assemble((head, "bold"), ". What shall it be?"),
            Content(""),
            *(Content.assemble((f"  {key:<4}", "bold $accent"), words) for key, words in rows),
        ]

    def _list_lines(self) -> list[Content]:
        first = max(0, min(self._chosen - MOST_ROWS // 2, len(self._choices) - MOST_ROWS))
        lines = [
            Content.assemble(("Choose a model", "bold"), " · Enter takes it, Esc goes back"),
            Content(""),
        ]
        for number, choice in enumerate(self._choices[first : first + MOST_ROWS], first):
            is_chosen = number == self._chosen
            line = Content(("› " if is_chosen else "  ") + choice.words)
            lines.append(line.stylize("reverse") if is_chosen else line)
        if len(self._choices) > MOST_ROWS:
            lines.append(Content(f"  {len(self._choices)} in all").stylize("dim"))
        return lines

    def _host(self) -> str:
        url = self._session.service.endpoint_of(self._role).base_url
        return one_line(url.split("//", 1)[-1].split("/", 1)[0])

    @property
    def _role(self) -> str:
        """Whose model is chosen; "" is the current one."""
        return self._offer.role if self._offer is not None else ""

    def _servers(self, most: int | None = None) -> str:
        return ", ".join(one_line(name) for name in self._session.service.local_names[:most])

    # -- keys ----------------------------------------------------------------------
    def on_key(self, event: events.Key) -> None:
        if self._step == "key":
            return
        event.stop()
        if self._step == "list":
            self._list_key(event)
            return
        typed = event.character if event.is_printable and event.character else ""
        too_soon = self._clock() - self._since < QUIET_S
        match event.key if event.key == "escape" or not too_soon else "":
            case "k":
                self._go("key")
            case "l":
                self._find_local()
            case "r":
                self.dismiss(Answer("review"))
            case "d":
                self.dismiss(Answer("demo"))
            case "m" if self._session.state.ready:
                self._list_models()
            case "g" if not self._session.state.has_git:
                self._init()
            case "escape":
                self.action_back()
            case _ if typed:
                self.dismiss(Answer("typed", typed=typed))
            case _:
                event.stop()

    def _list_key(self, event: events.Key) -> None:
        match event.key:
            case "up" | "k":
                self._chosen = max(0, self._chosen - 1)
            case "down" | "j":
                self._chosen = min(len(self._choices) - 1, self._chosen + 1)
            case "enter":
                self._take(self._choices[self._chosen])
                return
            case "escape":
                self.action_back()
                return
            case _:
                return
        self._draw()

    def action_back(self) -> None:
        """One page back, from the first page to the desk."""
        if self._step == "choices":
            self.dismiss(Answer("left"))
        else:
            self._field.value = ""
            self._go("choices")

    # -- work ------------------------------------------------------------------------
    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        key = message.value.strip()
        if key:
            self._note = "testing the key ..."
            self._draw()
            self._try_key(key)

    @work(exclusive=True, group="welcome")
    async def _try_key(self, key: str) -> None:
        session = self._session
        endpoint = _with_key(session.service.endpoint, key)
        try:
            listed = await session.service.try_key(endpoint.base_url, key)
        except SparkFault as fault:
            self._go("key", f"{fault.message} {fault.hint} Paste another, or Esc goes back.")
            return
        suggestion = session.service.suggest(listed)
        if suggestion is None or suggestion.id == session.state.model:
            await self._use(Choice("", "", endpoint, keep_key=True))
            return
        self._note = f"The key works. {one_line(session.state.model)} is not listed for it."
        self._list(listed, endpoint, suggestion, keep_key=True)

    @work(exclusive=True, group="welcome")
    async def _list_models(self) -> None:
        try:
            listed = await self._session.service.models()
        except SparkFault as fault:
            self._go("choices", f"{fault.message} {fault.hint}")
            return
        service = self._session.service
        self._list(listed, service.endpoint, service.suggest(listed), keep_key=False)

    @work(exclusive=True, group="welcome")
    async def _find_local(self) -> None:
        self._go("choices", "looking at the usual ports of this machine ...")
        servers = await self._session.service.find_local()
        if not any(server.models for server in servers):
            asked = f"No model server answers here (asked: {self._servers()})."
            self._go("choices", f"{asked} Start one (ollama serve), then l.")
            return
        self._note = "On this machine:"
        self._choices = tuple(_local_choices(self._session.service.endpoint, servers))
        self._chosen = 0
        self._go("list")

    @work(exclusive=True, group="welcome")
    async def _init(self) -> None:
        try:
            await self._session.init_repository()
        except SparkFault as fault:
            self._go("choices", f"{fault.message} {fault.hint}")
        else:
            self._go("choices", "This folder is a git repository now.")

    def _show(self, offer: ModelOffer) -> None:
        """What may be taken instead, the best first, then all that is listed here."""
        endpoint = self._session.service.endpoint_of(self._role)
        self._note = one_line(offer.why)
        others = [i for i in offer.chain if i.base_url != endpoint.base_url]
        best = [i.info for i in offer.chain if i.base_url == endpoint.base_url]
        listed = [*best, *(info for info in offer.listed if info not in best)]
        if not listed and not others:
            self._go("choices", self._note or f"{self._host()} lists no models.")
            return
        here = [Choice(_words(info), info.id, endpoint, keep_key=False) for info in listed]
        there = [
            Choice(_words(i.info, at=i.host), "", endpoint, keep_key=False, word=i.word)
            for i in others
        ]
        is_there = offer.next is not None and offer.next in others
        self._choices = tuple([*there, *here] if is_there else [*here, *there])
        ids = [choice.model for choice in self._choices]
        wanted = "" if is_there or offer.suggestion is None else offer.suggestion.id
        self._chosen = ids.index(wanted) if wanted in ids else 0
        self._go("list")

    def _list(
        self,
        listed: tuple[ModelInfo, ...],
        endpoint: Endpoint,
        suggestion: ModelInfo | None,
        *,
        keep_key: bool,
    ) -> None:
        if not listed:
            self._go("choices", f"{self._host()} lists no models.")
            return
        self._choices = tuple(
            Choice(_words(info), info.id, endpoint, keep_key=keep_key) for info in listed
        )
        ids = [info.id for info in listed]
        self._chosen = ids.index(suggestion.id) if suggestion and suggestion.id in ids else 0
        self._go("list")

    @work(exclusive=True, group="welcome")
    async def _take(self, choice: Choice) -> None:
        await self._use(choice)

    async def _use(self, choice: Choice) -> None:
        session = self._session
        try:
            if choice.word:
                where = ""
                session.service.take(choice.word, self._role)
            else:
                where = await session.service.use(
                    choice.endpoint,
                    model=choice.model or None,
                    keep=choice.keep_key,
                    role=self._role,
                )
        except (SparkFault, OSError) as fault:
            self._go("choices", f"The choice could not be kept: {fault}")
            return
        kept = f"; the key is kept in {where}" if where else ""
        model = session.service.model_of(self._role)
        self.dismiss(Answer("ready", said=f"connected: {model}{kept}"))


def _with_key(endpoint: Endpoint, key: str) -> Endpoint:
    from dataclasses import replace

    return replace(endpoint, key=key)


def _words(info: ModelInfo, *, at: str = "") -> str:
    """A model as a row: its id, what is known of its speed, price class, end."""
    facts = [f"{info.speed:,} tok/s"] if info.speed else []
    if info.price_class:
        facts.append("free, local" if info.price_class == "local" else f"{info.price_class} price")
    name = one_line(info.id) or "what it has"
    if at:
        name += f" at {one_line(at)}"
    if info.shutdown:
        facts.append(f"until {one_line(info.shutdown)}")
    return f"{name:<34} {' · '.join(facts)}".rstrip()


def _run_by(server: LocalServer) -> str:
    """On a machine of many, a port may be somebody else's."""
    return f" (run by {one_line(server.owner)})" if server.owner else ""


def _local_choices(endpoint: Endpoint, servers: tuple[LocalServer, ...]) -> list[Choice]:
    from dataclasses import replace

    return [
        Choice(
            f"{one_line(server.name)}{_run_by(server)}: {_words(info)}",
            info.id,
            replace(endpoint, base_url=server.base_url, key=""),
            keep_key=True,
        )
        for server in servers
        for info in server.models
    ]
