"""Reading ahead: the service takes in what the next request begins with, and generates nothing.

The rule kept here: it costs a request nothing. A stream that begins meanwhile does not wait for the
end of it: its own request goes out at once, whole, on the same socket, and the answers come in that
order. Whatever goes wrong is silent, and remembered where it would go wrong again.
"""

from __future__ import annotations

from functools import partial

from spark_tui.errors import ModelFault, SparkFault
from spark_tui.model.faults import Place, WireRefused, fault_of, optional_field
from spark_tui.model.lines import Lines
from spark_tui.model.memory import Learned
from spark_tui.model.provider import Request
from spark_tui.model.responses import Decoder
from spark_tui.model.talk import Habits, Owed, Talk, event_of, message
from spark_tui.model.turns import Stopped, Turns
from spark_tui.model.websocket import Busy, LineDropped


class Warming:
    """Of one provider; `stop` hands the socket over to a stream."""

    def __init__(self, lines: Lines, learned: Learned, habits: Habits) -> None:
        self._lines = lines
        self._learned = learned
        self._habits = habits
        self._turns = Turns()

    def stop(self) -> None:
        """A stream begins: from here on it reads, also what is left of a warm-up."""
        if self._turns.running:
            self._turns.stop()

    async def warm(self, request: Request, place: Place) -> bool:
        """Whether the next request goes on from here."""
        if self._turns.running or self._habits.ignores_generate:
            return False
        if request.model in self._habits.cold:
            return False
        turn = self._turns.begin()
        talk: Talk | None = None
        try:
            talk = (await self._turns.wait(turn, self._lines.take))[0]
            without = self._learned.without_for(request.model)
            if talk.owed is not None or talk.steered is not None:
                return False
            if talk.chain.covers(request, without=without):
                return True
            while (again := await self._read(turn, talk, request, place)) is None:
                pass
            return again
        except LineDropped:
            if talk is not None and self._lines.current is talk:
                self._lines.drop()
            return False
        except (Stopped, SparkFault, WireRefused, Busy):
            return False
        finally:
            if talk is not None and talk.owed is not None:
                talk.owed.left.set()
            self._turns.end(turn)

    async def _read(self, turn: int, talk: Talk, request: Request, place: Place) -> bool | None:
        """One warm-up; None when another one is without what was refused."""
        without = self._learned.without_for(request.model)
        body = talk.chain.beginning(request, without=without)
        talk.model = talk.model or request.model
        owed = talk.owed = Owed(request.model, body, Decoder(place))
        text = message("response.create", body)
        await self._turns.wait(turn, partial(talk.line.send, text))
        while not owed.ended:
            owed.hear(event_of(await self._turns.wait(turn, talk.line.receive)))
        talk.owed = None
        talk.past = owed.decoder.response_id
        if not self.learn(owed, place):
            self._lines.drop()
            return False
        if owed.decoder.refusal is not None:
            talk.chain.forget()
            return None if self._learned.without_for(request.model) != without else False
        if owed.done is None or request.model in self._habits.cold:
            return False
        talk.chain.advance(owed.done)
        return True

    def learn(self, owed: Owed, place: Place) -> bool:
        """What the end of a warm-up says about the next one. False: the socket is not clean."""
        if owed.has_output:
            self._habits.ignores_generate = True
            return False
        refusal, done = owed.decoder.refusal, owed.done
        if refusal is not None:
            if name := optional_field(refusal, owed.body):
                self._learned.leave_out(owed.model, name)
            elif type(fault_of(refusal, place)) is ModelFault:
                # Else it is the key, the model, the size or the day, and no fault of warming up.
                self._habits.cold.add(owed.model)
            return not owed.decoder.response_id  # of one that began, more may come
        usage = done.usage if done is not None else None
        if usage is not None and not usage.input_tokens:
            # A proxy that only nods: what it did not count, it does not know.
            self._habits.cold.add(owed.model)
        return True
