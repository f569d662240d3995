"""Reading ahead: the service takes in what the next request begins with, and generates nothing.

The rule kept here: it costs a request nothing. A stream that begins meanwhile does not wait for the
end of it: its own request goes out at once, whole, on the same socket, and the answers come in that
order. Whatever goes wrong is silent, and remembered where it would go wrong again.
"""

from __future__ import annotations

from spark_tui.errors import SparkFault
from spark_tui.model.faults import Place, WireRefused
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

    def distrust(self) -> None:
        """The service generated something for a warm-up: it is not asked for one again."""
        self._habits.ignores_generate = True

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
            if talk.chain.covers(request, without=without):
                return True
            if talk.owed is not None or talk.steered is not None:
                return False
            return await self._read(turn, talk, request, place, without)
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

    async def _read(
        self, turn: int, talk: Talk, request: Request, place: Place, without: frozenset[str]
    ) -> bool:
        owed = Owed(request.model, Decoder(place))
        talk.model = talk.model or request.model
        body = talk.chain.beginning(request, without=without)
        await talk.line.send(message("response.create", body))
        talk.owed = owed
        while not owed.ended:
            owed.hear(event_of(await self._turns.wait(turn, talk.line.receive)))
        talk.owed = None
        owed.left.set()
        if owed.has_output:
            self.distrust()
            self._lines.drop()
            return False
        usage = owed.done.usage if owed.done is not None else None
        if owed.done is None or (usage is not None and not usage.input_tokens):
            # Refused; or a proxy that only nods: what it did not count, it does not know.
            self._habits.cold.add(request.model)
            talk.chain.forget()
            return False
        talk.chain.advance(owed.done)
        talk.past = owed.decoder.response_id
        return True
