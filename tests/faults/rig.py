"""A real session over a real provider, a service that can be told to fail, and the oracles.

The rule kept here: after each turn the tree is the fault-free one or untouched, what went wrong is
said with a way out, nothing is asked twice, no key is told and nothing is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spark_tui.model.dialects import CHAT, RESPONSES
from spark_tui.model.fallback import Fallback, Wire
from spark_tui.model.memory import Learned
from spark_tui.model.provider import Endpoint, News, Provider
from spark_tui.model.responses_ws import ResponsesSocket
from spark_tui.model.sse import HttpStream
from spark_tui.model.websocket import Timing
from spark_tui.session import events as ev
from spark_tui.session.events import Decision, HunkId, Outcome
from spark_tui.session.opening import open_session
from spark_tui.session.session import Session
from spark_tui.session.state import HunkState, Status
from spark_tui.settings.config import load
from tests.faults.reply import NEW, OLD, hunk_of
from tests.faults.service import Service
from tests.support.bench import Bench
from tests.support.weather import Relay

WIRES = ("responses-ws", "responses", "chat")
KEY = "sk-a-long-secret-key-of-nobody"
PROMPT = "Swap the operands in calc.py and say so in README.md."
_SHOWS = (ev.Said, ev.Thought, ev.FirstToken, ev.HunkOpened, ev.HunkTyping, ev.HunkGrew)


async def no_time(_: float) -> None:
    """A wait that is over at once."""


def provider_for(
    wire: str, base_url: str, news: list[News], timing: Timing | None = None
) -> Provider:
    """As catalog.open_provider makes it, but for the waits."""
    endpoint, learned, tell = Endpoint(base_url, KEY), Learned(), news.append
    all_wires: dict[str, Wire] = {
        "responses-ws": ResponsesSocket(
            endpoint, timing=timing, tell=tell, learned=learned, sleep=no_time
        ),
        "responses": HttpStream(endpoint, RESPONSES, tell=tell, learned=learned, sleep=no_time),
        "chat": HttpStream(endpoint, CHAT, tell=tell, learned=learned, sleep=no_time),
    }
    wires = list(all_wires.values()) if wire == "auto" else [all_wires[wire]]
    return Fallback(wires, origin="here", learned=learned)


@dataclass
class Rig:
    """What a fault test works with."""

    bench: Bench
    session: Session
    service: Service
    relay: Relay
    provider: Provider
    news: list[News]
    events: list[ev.Event] = field(default_factory=list)

    def hear(self, event: ev.Event) -> None:
        self.events.append(event)
        if isinstance(event, ev.TurnStarted):
            self.service.shown = False
        elif isinstance(event, _SHOWS):
            self.service.shown = True

    # -- what is true now --------------------------------------------------------
    @property
    def ended(self) -> ev.TurnEnded:
        return next(e for e in reversed(self.events) if isinstance(e, ev.TurnEnded))

    @property
    def tree(self) -> dict[str, str]:
        names = (p for p in self.bench.root.rglob("*") if p.is_file())
        paths = (p.relative_to(self.bench.root).as_posix() for p in names)
        return {path: self.bench.read(path) for path in paths if not path.startswith(".git/")}

    @property
    def hunks(self) -> list[HunkState]:
        """Of the last turn."""
        turn = max(self.session.state.turns)
        return [h for h in self.session.state.hunks.values() if h.turn == turn]

    def of(self, status: Status) -> list[HunkId]:
        return [h.id for h in self.hunks if h.status is status]

    def issues(self) -> list[str]:
        return [e.code for e in self.events if isinstance(e, ev.ReplyIssue)]

    # -- turns -------------------------------------------------------------------
    async def ask(self, *, garbled: bool = False) -> Outcome:
        """One turn and the oracles. `garbled`: hunks may be without a place for any reason, else
        only because they were cut."""
        outcome = await self.session.run(PROMPT)
        self.check(outcome, garbled=garbled)
        return outcome

    def check(self, outcome: Outcome, *, garbled: bool = False) -> None:
        ended, hunks = self.ended, self.hunks
        assert ended.outcome is outcome
        if outcome in (Outcome.FAILED, Outcome.INCOMPLETE):
            assert ended.message and ended.hint, "it is said, with a way out"
        assert not {h.status for h in hunks} & {Status.GROWING, Status.WAITING, Status.CONFLICT}
        if not garbled:
            assert {h.status for h in hunks} <= {Status.PLACED, Status.ACCEPTED, Status.UNPLACED}
            assert {h.why.code for h in hunks if h.why is not None} <= {"truncated"}
        written = len(self.of(Status.ACCEPTED))
        assert written in (0, 3), "all or nothing"
        assert self.tree == (NEW if written else OLD)
        if outcome is Outcome.COMPLETE and self.session.settings.accept == "all":
            assert written == 3
        assert not self.service.wrong

    async def ask_again(self) -> None:
        """After an answer that nobody should build upon: the same words are answered well."""
        self.service.faults.clear()
        if not self.of(Status.ACCEPTED):
            assert await self.ask() is Outcome.COMPLETE
        elif self.session.unfinished is not None:
            await self.go_on(accept_first=True)
        assert self.tree == NEW

    async def go_on(self, *, accept_first: bool) -> None:
        """From here to the fault-free tree; what was finished is not sent again."""
        state = self.session.state
        finished = [h for h in state.hunks.values() if h.status is Status.PLACED]
        there = [h for h in state.hunks.values() if h.place is not None]
        known = {hunk_of(h.path, text) for h in there for sign, text in h.lines if sign == "+"}
        assert len(known) == len(there), "no hunk is there twice"
        self.service.faults.clear()
        self.service.edits = tuple(n for n in range(3) if n not in known)
        ids = [h.id for h in finished]
        if ids and accept_first:
            assert (await self.session.decide(ids, Decision.ACCEPTED)).written == tuple(ids)
        if self.session.unfinished is not None:
            assert await self.session.go_on(accept="all") is Outcome.COMPLETE
        if ids and not accept_first:
            assert (await self.session.decide(ids, Decision.ACCEPTED)).written == tuple(ids)
        assert self.tree == NEW
        assert not self.service.wrong


@asynccontextmanager
async def rig(
    bench: Bench,
    wire: str,
    *,
    accept: str = "all",
    timing: Timing | None = None,
    service: Service | None = None,
) -> AsyncIterator[Rig]:
    """From an untouched tree to a closed session; nothing may be left of it."""
    for path, text in OLD.items():
        bench.write(path, text)
    before = asyncio.all_tasks()
    news: list[News] = []
    there = service or Service()
    async with there, Relay(there.port) as relay:
        provider = provider_for(wire, relay.base_url, news, timing)
        settings = replace(load(environ=bench.environ), accept=accept)
        session = await open_session(bench.root, settings, environ=bench.environ, provider=provider)
        made = Rig(bench, session, there, relay, provider, news)
        session.listen(made.hear)
        await session.look()
        try:
            yield made
        finally:
            await session.close()
            await provider.close()
        await asyncio.wait_for(relay.idle.wait(), 5)  # no socket is left open
        assert KEY not in repr(made.events) + repr(news)
    if left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=5)
    assert asyncio.all_tasks() <= before, "no task is left"


@contextmanager
def case(name: object) -> Iterator[None]:
    """One of many in a test: which one failed is said."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"case {name}")
        raise


def play(main: Coroutine[Any, Any, None]) -> None:
    """One that hangs is a failure."""
    asyncio.run(asyncio.wait_for(main, 120))


def journals(bench: Bench) -> str:
    state = Path(bench.environ["SPARK_TUI_STATE_DIR"])
    return "".join(p.read_text() for p in state.glob("worktrees/*/sessions/*/journal.jsonl"))
