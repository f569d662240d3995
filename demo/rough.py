"""A dialect in bad weather: events that come twice, in another order, or are of no known type.

The rule kept here: nothing is lost. What every delta adds up to still stands in the item's own
done event, so a client can always tell what was meant. Chat completions have no numbers to tell a
second copy by: there only unknown chunks come between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .fault import Fault
from .plan import Part
from .play import Dialect
from .wire_responses import Event, ResponsesEvents, Spent

KINDS = ("duplicate", "reorder", "unknown")
UNHEARD = ("response.unheard_of.delta", '{"type":"response.unheard_of.delta","delta":"noise"}')
UNHEARD_CHUNK = ("", '{"object":"unheard.of","choices":[],"unheard":{"of":1}}')


@dataclass(slots=True)
class Rough:
    """Wraps a dialect; the answer without a stream stays as it is."""

    inner: Dialect
    fault: Fault
    _count: int = 0
    _late: list[Event] = field(default_factory=list)
    """A delta that waits for the one after it."""

    def opening(self) -> list[Event]:
        return self._roughened(self.inner.opening())

    def begin(self, part: Part) -> list[Event]:
        return self._roughened(self.inner.begin(part))

    def deltas(self, texts: Sequence[str]) -> list[Event]:
        events = self.inner.deltas(texts)
        if self.fault.kind == "reorder" and self._numbered:
            events = self._reordered(events)
        return self._roughened(events)

    def end(self, part: Part, *, cut: bool = False) -> list[Event]:
        late, self._late = self._late, []
        return self._roughened([*late, *self.inner.end(part, cut=cut)])

    def finish(self, spent: Spent, *, cut: str = "") -> list[Event]:
        return self._roughened(self.inner.finish(spent, cut=cut))

    def final(self, spent: Spent, *, cut: str = "") -> dict[str, Any]:
        return self.inner.final(spent, cut=cut)

    @property
    def _numbered(self) -> bool:
        return isinstance(self.inner, ResponsesEvents)

    def _roughened(self, events: list[Event]) -> list[Event]:
        match self.fault.kind:
            case "duplicate" if self._numbered:
                return [event for event in events for _ in range(2)]
            case "unknown":
                stranger = UNHEARD if self._numbered else UNHEARD_CHUNK
                return [entry for event in events for entry in (stranger, event)]
        return events

    def _reordered(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            self._count += 1
            if self._late:
                out += [event, *self._late]
                self._late = []
            elif self._count % max(self.fault.number, 1) == 0:
                self._late = [event]
            else:
                out.append(event)
        return out
