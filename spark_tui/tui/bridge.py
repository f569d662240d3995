"""The listener between engine and screen: gathers events and posts one message a frame.

The rule kept here: no fact is lost or reordered. Only what the eye cannot tell apart is joined:
runs of prose, and unfinished lines which a later one of the same hunk replaces. Pace: the first
event after a pause, a hunk's first line and the end of an answer at once; 16 ms apart in the first
200 ms of an answer, then 33 ms, and 66 ms on slow links. What is drawn is the panes' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual.message import Message

from spark_tui.session import events as ev
from spark_tui.session.events import Event, HunkId

QUICK_S = 0.016
STEADY_S = 0.033
SLOW_S = 0.066
QUICK_FOR_S = 0.2
SENT_S = 0.006
"""A turn is drawn after its request has left: drawing takes longer than sending."""

_SMALL = (ev.Said, ev.Thought, ev.HunkGrew, ev.HunkTyping, ev.HunkPending, ev.HunkWaiting,
          ev.HunkOpened, ev.MessageDrafted)  # fmt: skip
"""Events that come by the hundred; every other one is shown at once."""


class SessionChanged(Message):
    """What happened since the last frame, in order."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        super().__init__()
        self.events = events

    @property
    def is_told(self) -> bool:
        """More than text came in: something began, ended, was placed or decided."""
        return any(not isinstance(event, _SMALL) for event in self.events)


class Bridge:
    """Give it to `Session.listen`; it calls `post` with the events of a frame."""

    def __init__(
        self, post: Callable[[tuple[Event, ...]], object], *, low_bandwidth: bool = False
    ) -> None:
        self._post = post
        self._slow = low_bandwidth
        self._gathered: list[Event] = []
        self._due: asyncio.Handle | None = None
        self._due_now = False
        self._last = 0.0
        self._answer_began = 0.0
        self._begun: HunkId | None = None

    def __call__(self, event: Event) -> None:
        loop = asyncio.get_running_loop()
        self._gathered.append(event)
        now = loop.time()
        if isinstance(event, ev.FirstToken):
            self._answer_began = now
        urgent = not isinstance(event, _SMALL) or self._begins(event)
        if self._due is not None and (self._due_now or not urgent):
            return
        wait = 0.0 if urgent else self._last + self._pace(now) - now
        if isinstance(event, ev.TurnStarted):
            wait = SENT_S
        if self._due is not None:
            self._due.cancel()
        self._due_now = wait <= 0
        self._due = (
            loop.call_soon(self._flush) if self._due_now else loop.call_later(wait, self._flush)
        )

    def flush(self) -> None:
        """Post what is gathered, at once."""
        if self._due is not None:
            self._due.cancel()
            self._flush()

    def close(self) -> None:
        """Post nothing any more."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._gathered.clear()

    def _begins(self, event: Event) -> bool:
        """Is this the first sight of a hunk's text? The eye waits for it."""
        if self._slow or not isinstance(event, ev.HunkGrew | ev.HunkTyping):
            return False
        is_new, self._begun = event.hunk != self._begun, event.hunk
        return is_new

    def _pace(self, now: float) -> float:
        if self._slow:
            return SLOW_S
        return QUICK_S if now - self._answer_began < QUICK_FOR_S else STEADY_S

    def _flush(self) -> None:
        self._due = None
        self._last = asyncio.get_running_loop().time()
        events, self._gathered = join(self._gathered), []
        self._post(events)


def join(events: Sequence[Event]) -> tuple[Event, ...]:
    """The same facts with runs of prose joined and superseded unfinished lines left out."""
    out: list[Event] = []
    run: list[str] = []
    finished: set[HunkId] = set()
    drafted = False
    for event in reversed(events):
        match event:
            case ev.Said():
                last = out[-1] if out else None
                if isinstance(last, ev.Said) and last.turn == event.turn:
                    run.append(event.text)
                    continue
                _finish(out, run)
                run = [event.text]
            case ev.HunkTyping():
                if event.hunk in finished:
                    continue
                finished.add(event.hunk)
            case ev.HunkGrew() | ev.HunkPlaced() | ev.HunkUnplaced() | ev.HunkWaiting():
                finished.add(event.hunk)
            case ev.MessageDrafted():
                if drafted:
                    continue
                drafted = True
            case _:
                pass
        if not isinstance(event, ev.Said):
            _finish(out, run)
            run = []
        out.append(event)
    _finish(out, run)
    return tuple(reversed(out))


def _finish(out: list[Event], run: list[str]) -> None:
    """Give the Said that ends `out` the whole of its run; the run is newest first."""
    last = out[-1] if out else None
    if len(run) > 1 and isinstance(last, ev.Said):
        out[-1] = ev.Said(last.turn, "".join(reversed(run)))
