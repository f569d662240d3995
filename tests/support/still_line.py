"""A socket in memory and a clock that nobody waits for: hours of a link in milliseconds.

The rule kept here: the loop's own time jumps to the next timer as soon as nothing else is to be
done, so every wait of the link is as long as it says and takes no time at all.
"""

from __future__ import annotations

import asyncio
import json
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pytest

from spark_tui.model.websocket import Door, Line, LineDropped

T = TypeVar("T")


class _Impatient(selectors.DefaultSelector):
    """Nobody else can wake the loop: where it would wait, time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0 if timeout is not None else None)
        if not found and timeout is not None and timeout > 0:
            self.now += timeout
        return found


class StillLoop(asyncio.SelectorEventLoop):
    """Time is what the timers say."""

    def __init__(self) -> None:
        self._clock = _Impatient()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def play_still(main: Coroutine[Any, Any, T], limit_s: float = 86_400.0) -> T:
    """Runs a test's coroutine on such a loop; one that waits for ever is a failure."""
    with asyncio.Runner(loop_factory=StillLoop) as runner:
        return runner.run(asyncio.wait_for(main, limit_s))


class StillLine(Line):
    """An open socket; what it is sent goes to `answer`, whose events come back."""

    def __init__(self, number: int, answer: Callable[[StillLine, Any], Iterable[Any]]) -> None:
        self.number = number
        self.opened_at = asyncio.get_running_loop().time()
        self.receive = self._take
        self.sent: list[dict[str, Any]] = []
        self.gate: asyncio.Event | None = None
        """While it is there and not set, whatever is sent does not get away."""
        self.code = 0
        """The close code, once it is gone."""
        self._answer = answer
        self._queue: deque[bytes] = deque()
        self._came = asyncio.Event()
        self._heard = 0
        self._heard_at = self.opened_at
        self._tell: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        return not self.code

    def heard(self) -> int:
        return self._heard

    def silent_s(self) -> float:
        return asyncio.get_running_loop().time() - self._heard_at

    def on_lost(self, tell: Callable[[], None] | None) -> None:
        self._tell = tell

    async def send(self, text: str) -> None:
        self._check()
        body = json.loads(text)
        self.sent.append(body)
        self.hear(*self._answer(self, body))
        if self.gate is not None:
            await self.gate.wait()
            self._check()

    async def _take(self) -> bytes:
        while not self._queue:
            self._check()
            self._came.clear()
            await self._came.wait()
        return self._queue.popleft()

    def abort(self) -> None:
        self.lose()

    # -- what the other end does -----------------------------------------------
    def hear(self, *events: Mapping[str, Any]) -> None:
        """Without events it is a pong."""
        self._heard += 1
        self._heard_at = asyncio.get_running_loop().time()
        self._queue.extend(json.dumps(event).encode() for event in events)
        self._came.set()

    def lose(self, code: int = 1006) -> None:
        if not self.code:
            self.code = code
            self._came.set()
            if self.gate is not None:
                self.gate.set()
            tell, self._tell = self._tell, None
            if tell is not None:
                tell()

    def _check(self) -> None:
        if self.code:
            raise LineDropped(f"it closed the connection ({self.code})", self.code)


class StillDoor:
    """Stands in for the real one; every socket that was opened, in order."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        answer: Callable[[StillLine, Any], Iterable[Any]] = lambda line, body: (),
    ) -> None:
        self.lines: list[StillLine] = []
        self.faults: deque[Exception | None] = deque()
        """What the next openings meet; None is no fault."""
        self.takes_s = 0.0
        """How long a handshake lasts."""
        self._answer = answer
        monkeypatch.setattr(Door, "open", self._open)

    @property
    def open_lines(self) -> list[int]:
        return [line.number for line in self.lines if line.is_open]

    async def _open(self) -> Line:
        if self.takes_s:
            await asyncio.sleep(self.takes_s)
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            raise fault
        line = StillLine(len(self.lines) + 1, self._answer)
        self.lines.append(line)
        return line


class Script:
    """For a door: answers in turn, whichever socket asks; {} means that it breaks there."""

    def __init__(self, *answers: Sequence[Mapping[str, Any]]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answers = iter(answers)

    def __call__(self, line: StillLine, body: Any) -> Iterable[Any]:
        self.asked.append(body)
        for event in next(self._answers, ()):
            if event == {}:
                asyncio.get_running_loop().call_soon(line.lose)
                return
            yield event


async def settled() -> None:
    """Until everything that is due now has been done."""
    for _ in range(20):
        await asyncio.sleep(0)
