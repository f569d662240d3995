"""One key after the other: the next one waits until the last has done what it does.

The rule kept here: a key goes to the pane that has the focus when all earlier keys have had their
effect. Without this, keys that arrive together (a slow line, a paste without brackets) would all
go to the pane that had the focus first, and the y of "i yes please" would decide a hunk. What a
key does is nobody's business here; Ctrl+Q never waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

from spark_tui.tui.widgets.field import Field

_PASSES = 3
"""Key up to the app and its action; message of the pane up to the screen; screen to app."""


class KeyGate:
    """Give it each key with the call that lets it through."""

    def __init__(self, app: App[str]) -> None:
        self._app = app
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._is_busy = False

    async def pass_on(
        self,
        event: events.Key | events.Paste,
        forward: Callable[[events.Event], Awaitable[None]],
    ) -> None:
        """Forward the key now, or when the ones before it are done."""
        if isinstance(event, events.Key) and event.key == "ctrl+q":
            await forward(event)
        elif self._is_busy:
            self._waiting.append(event)
        else:
            await self._let_through(event, forward)

    async def _let_through(
        self,
        event: events.Key | events.Paste,
        forward: Callable[[events.Event], Awaitable[None]],
    ) -> None:
        pane = self._app.focused
        is_text = isinstance(event, events.Paste) or event.is_printable
        await forward(event)
        if is_text and isinstance(pane, Field):
            return
        self._is_busy = True
        way: list[MessagePump] = []
        if pane is not None:
            way = [node for node in pane.ancestors_with_self if isinstance(node, MessagePump)]
        way = way or [self._app.screen, self._app]

        async def done() -> None:
            self._is_busy = False
            while self._waiting and not self._is_busy:
                await self._let_through(self._waiting.popleft(), forward)

        _follow(way * _PASSES, done)


def _follow(way: Sequence[MessagePump], done: Callable[[], Awaitable[None]]) -> None:
    """Walk behind the messages, queue by queue, then call `done`."""
    for number, pump in enumerate(way):
        rest = way[number + 1 :]
        if not rest:
            pump.call_later(done)
            return
        if pump.call_later(_follow, rest, done):
            return
