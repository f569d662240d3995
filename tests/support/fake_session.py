"""A session that only tells a story: for pictures and screens, without engine, git or time.

The rule kept here: it has what the screen calls and answers at once with what the test gave it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spark_tui.model.provider import Endpoint, ModelInfo
from spark_tui.session import committing
from spark_tui.session.changing import ChangePage, Pick, Scope
from spark_tui.session.committing import CommitFile
from spark_tui.session.context import Plan
from spark_tui.session.context_items import Budget, Choice, Part
from spark_tui.session.events import Event, MessageDrafted, Outcome
from spark_tui.session.lookup import FileHit
from spark_tui.session.meter import Meter
from spark_tui.session.review import Acted
from spark_tui.session.state import SessionState
from spark_tui.session.takeover import Access
from spark_tui.settings.config import Settings
from tests.support.story import Story


@dataclass
class FixedMeter(Meter):
    """Figures that do not depend on the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.window, self.context = 128_000, 4_300

    @property
    def rate(self) -> float:
        return 987.0 if self.ttft_ms is not None else 0.0


class FakeCommitting:
    """Nothing to amend, nothing signed."""

    async def last(self) -> None:
        return None

    async def asks(self) -> bool:
        return False

    def keep(self, _text: str, _choice: object) -> None:
        return None


@dataclass
class FakeService:
    """Keys, models and servers."""

    endpoint: Endpoint = field(default_factory=lambda: Endpoint("https://api.example.org/v1"))

    looks_around = False
    local_names = ("Ollama", "LM Studio")

    def endpoint_of(self, role: str) -> Endpoint:
        return self.endpoint

    async def check_model(self, role: str = "") -> None:
        return None

    def suggest(self, listed: Sequence[ModelInfo]) -> ModelInfo | None:
        return listed[0] if listed else None


class FakeKeeping:
    """Nothing is kept, so nothing goes."""

    async def tend(self) -> None:
        return None


class FakeSessions:
    """There are no others."""

    async def left(self) -> None:
        return None


@dataclass
class FakeContext:
    """The parts it was given; what is chosen counts at once."""

    parts: tuple[Part, ...] = ()
    window: int = 128_000
    turn: int = 1
    choice: Choice = field(default_factory=Choice)

    def budget(
        self,
        plan: Plan | None = None,
        choice: Choice | None = None,
        left_out: frozenset[str] = frozenset(),
    ) -> Budget:
        chosen = choice or self.choice
        parts = (
            replace(p, pinned=p.key in chosen.pinned, dropped=p.key in chosen.dropped)
            for p in self.parts
        )
        return Budget(tuple(parts), self.window, "spark", self.turn)

    async def choose(self, choice: Choice) -> None:
        self.choice = choice


@dataclass
class FakeStaging:
    """The pages it was given; what was asked for is remembered."""

    pages: dict[Scope, ChangePage] = field(default_factory=dict)
    asked: list[tuple[str, tuple[Pick, ...]]] = field(default_factory=list)

    async def page(self, scope: Scope) -> ChangePage:
        return self.pages.get(scope, ChangePage(scope))

    async def act(self, act: str, picks: Sequence[Pick]) -> Acted:
        self.asked.append((act, tuple(picks)))
        return Acted(True, f"{act} was asked for")

    async def undo(self) -> Acted:
        return await self.act("undo", ())

    async def redo(self) -> Acted:
        return await self.act("redo", ())


@dataclass
class FakeSession:
    """Give it a Story; `settings` and answers may be replaced."""

    story: Story
    settings: Settings
    meter: Meter = field(default_factory=FixedMeter)
    service: FakeService = field(default_factory=lambda: FakeService())
    context: FakeContext = field(default_factory=lambda: FakeContext())
    staging: FakeStaging = field(default_factory=lambda: FakeStaging())
    access: Access = field(default_factory=Access)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    keeping: FakeKeeping = field(default_factory=FakeKeeping)
    answer: Plan | None = None
    drafted: str = ""
    listed: tuple[ModelInfo, ...] = ()
    asked: list[str] = field(default_factory=list)
    _listeners: list[Callable[[Event], None]] = field(default_factory=list)

    @property
    def state(self) -> SessionState:
        return self.story.state

    def tell(self, *happened: Event) -> None:
        """Events as an engine would emit them."""
        for event in happened:
            self.story.tell(event)
            for listener in list(self._listeners):
                listener(event)

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def look(self) -> None:
        return None

    async def watch(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield None

    async def plan(self, prompt: str, **_more: Any) -> Plan:
        return self.answer or Plan(prompt)

    def find(self, query: str, *, limit: int = 30) -> tuple[FileHit, ...]:
        hits = [FileHit(p, "", 1.0) for p in self.state.files if query in p]
        return tuple(hits[:limit])

    @property
    def unfinished(self) -> None:
        return None

    def keep_view(self, view: Event) -> None:
        self.state.apply(view)

    def keep_draft(self, text: str) -> None:
        return None

    async def warm(self) -> None:
        return None

    async def run(self, prompt: str, **_more: Any) -> Outcome:
        self.asked.append(prompt)
        return Outcome.COMPLETE

    def stop(self) -> None:
        return None

    committing = FakeCommitting()

    def commit_preview(self) -> tuple[CommitFile, ...]:
        return committing.preview(self.state)

    async def draft_message(self, _choice: object = None) -> None:
        self.tell(MessageDrafted(self.drafted, True))

    async def close(self) -> None:
        return None
