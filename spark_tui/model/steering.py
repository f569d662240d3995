"""Joining a running answer: a text is sent into it, and what the service makes of it taken up.

The rule kept here: the person's words are asked for once. Where it is not certain that the service
took them, or what it will say comes from another conversation than ours, the socket is dropped and
the request goes out whole. Only newer models can do it; what a model did is remembered.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spark_tui.model.faults import Place, read_refusal
from spark_tui.model.loose import string
from spark_tui.model.memory import Learned
from spark_tui.model.provider import Item, Request, ToolOutput, UserText
from spark_tui.model.responses import Previous, encode
from spark_tui.model.talk import Habits, Steered, Talk, event_of, message
from spark_tui.model.websocket import LineDropped, LineLeft, Timing

_MAY = re.compile(r"(?:^|/)gpt-(?:[6-9]|\d\d)")
"""Models that are worth a try; others are asked only if one of theirs took it."""
_NOT_THIS_MODEL = frozenset({"steering_not_supported"})


class Steering:
    """Of one provider."""

    def __init__(self, timing: Timing, habits: Habits, learned: Learned) -> None:
        self._timing = timing
        self._habits = habits
        self._learned = learned

    async def steer(self, talk: Talk, model: str, response_id: str, text: str) -> bool:
        """Sends the text into the response; its reader hears what the service says to that."""
        can = self._habits.steers.get(model)
        if can is False or (can is None and not _MAY.search(model)) or talk.steered is not None:
            return False
        loop = asyncio.get_running_loop()
        steered = talk.steered = Steered(text, loop.create_future(), response_id, model)
        body = {"previous_response_id": response_id, "input": text}
        try:
            await talk.line.send(message("response.steer", body))
            async with asyncio.timeout(self._timing.steer_s):
                taken = await asyncio.shield(steered.answer)
        except LineDropped:
            return False
        except TimeoutError:
            steered.settle(None)
            self._habits.steers[model] = False
            return False
        if taken:
            self._habits.steers[model] = True
        return bool(taken)

    def hear(self, talk: Talk, event: dict[str, Any]) -> bool:
        """Takes what is about a steer; False for any other event."""
        steered = talk.steered
        kind = string(event.get("type"))
        if steered is None:
            return False
        if kind == "error" and not steered.answer.done() and _is_about_steering(event):
            self._habits.steers[steered.model] = False
            steered.settle(False)
            talk.steered = None
            return True
        if not kind.startswith("response.steer."):
            return False
        match kind:
            case "response.steer.accepted":
                steered.settle(True)
            case "response.steer.pending":
                steered.needs_outputs = True
            case "response.steer.failed":
                if steered.is_taken:
                    steered.failed = True
                else:
                    code = read_refusal(event).code
                    if code in _NOT_THIS_MODEL:
                        self._habits.steers[steered.model] = False
                    steered.settle(False)
                    talk.steered = None
            case _:
                pass
        return True

    async def take_up(self, talk: Talk, request: Request, place: Place) -> dict[str, Any] | None:
        """The first event of what the service answers to the text that was sent, where this
        request is about it. None: send the request as any other; the chain is forgotten then.

        Raises LineLeft where something may come on this socket that nobody can tell from the
        answer to the request.
        """
        steered, talk.steered = talk.steered, None
        known = talk.chain.known_of(request)
        talk.chain.forget()
        if steered is None:
            return None
        last = request.items[-1] if request.items else None
        is_ours = isinstance(last, UserText) and last.text == steered.text
        is_ours = is_ours and request.model == steered.model
        new: tuple[Item, ...] = request.items[known:-1] if known is not None else ()
        is_plain = all(isinstance(item, ToolOutput) for item in new)
        if not steered.is_taken or not is_ours or known is None or not is_plain:
            raise LineLeft("it was asked for something else meanwhile")
        talk.steered = steered  # `hear` goes on
        try:
            async with asyncio.timeout(self._timing.successor_s):
                first = await self._successor(talk, steered, request, known, new)
        except TimeoutError:
            raise LineLeft("the answer to the added prompt did not begin") from None
        finally:
            talk.steered = None
        if first is not None:
            talk.chain.adopt(request, is_whole=not new or steered.has_outputs)
        return first

    async def _successor(
        self, talk: Talk, steered: Steered, request: Request, known: int, new: tuple[Item, ...]
    ) -> dict[str, Any] | None:
        while not steered.failed:
            if steered.needs_outputs and not steered.has_outputs:
                if not new:
                    raise LineLeft("it waits for outputs that nobody has")
                steered.has_outputs = True
                body = self._outputs(request, steered, known)
                await talk.line.send(message("response.create", body))
            event = event_of(await talk.line.receive())
            if self.hear(talk, event):
                continue
            kind = string(event.get("type"))
            if kind in ("response.created", "response.queued", "response.in_progress"):
                return event
            if kind == "error":
                return None
        return None

    def _outputs(self, request: Request, steered: Steered, known: int) -> dict[str, Any]:
        """Exactly the outputs, on the response that the text was sent into."""
        without = self._learned.without_for(request.model)
        short = replace(request, items=request.items[:-1])
        return encode(short, previous=Previous(steered.parent, known), without=without)


def _is_about_steering(event: Mapping[str, Any]) -> bool:
    """A service that does not know the message refuses it like any other one; the running answer
    itself ends with another kind of trouble."""
    refusal = read_refusal(event)
    return "steer" in refusal.message or refusal.status in (400, 404, 405, 422)
