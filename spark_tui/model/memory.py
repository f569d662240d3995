"""What is known of an endpoint from earlier requests, in this process and in earlier ones.

The rule kept here: values and a seam. Where they are kept is the engine's business; no key and no
word of a service is ever among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from spark_tui.model.fields import OPTIONAL

FRESH_S = 86_400.0
"""For so long a lesser wire is taken without another look at the better ones."""
MOST_MODELS = 32
"""Models of one endpoint whose refusals are remembered; the newest stay."""
LONGEST_ID = 200
_FIELDS = frozenset(OPTIONAL)


@dataclass(frozen=True, slots=True)
class Known:
    """Of one endpoint."""

    wire: str
    why: str = ""
    """Why no better wire is used: "no WebSocket (404)"; "" for the best one."""
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Model -> fields that were refused for it."""
    drops_tools: bool = False
    """It takes a request with a custom tool and does not pass the tool on."""
    at: float = 0.0
    """When it was found out, in seconds since 1970."""

    def is_fresh(self, now: float) -> bool:
        return 0 <= now - self.at < FRESH_S


class Memory(Protocol):
    """Keeps what is known beyond this process. Both answer at once and never raise."""

    def recall(self, origin: str) -> Known | None: ...

    def note(self, origin: str, known: Known) -> None: ...


class Learned:
    """What the wires of one endpoint find out, shared between them."""

    def __init__(self) -> None:
        self.drops_tools = False
        """See Known."""
        self._without: dict[str, frozenset[str]] = {}

    @property
    def without(self) -> Mapping[str, frozenset[str]]:
        return dict(self._without)

    def without_for(self, model: str) -> frozenset[str]:
        return self._without.get(model, frozenset())

    def leave_out(self, model: str, name: str) -> None:
        if len(model) > LONGEST_ID:
            return
        self._without[model] = self._without.pop(model, frozenset()) | {name}
        for old in list(self._without)[:-MOST_MODELS]:
            del self._without[old]

    def take(self, known: Known) -> None:
        """What an earlier process found out."""
        self.drops_tools = self.drops_tools or known.drops_tools
        for model, names in known.without.items():
            for name in names & _FIELDS:
                self.leave_out(model, name)
