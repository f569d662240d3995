"""What services said of their models: listed, refused, about to end.

The rule kept here: plain memory of one session; nobody is asked here, and a service that said
nothing is not held against its models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from spark_tui.errors import SparkFault
from spark_tui.model.provider import Endpoint, ModelInfo
from spark_tui.session.offering import is_called, retires_in


@dataclass(slots=True)
class Known:
    """What was learned of one service; it is asked once, unless the person asks again."""

    listed: tuple[ModelInfo, ...] | None = None
    """None: it was not asked, or does not tell."""
    fault: SparkFault | None = None
    """Why it does not tell."""
    only: str = ""
    """The one model that it has, where nobody names one."""
    passed: set[str] = field(default_factory=set)
    """Models that need no further look: listed, or offered about once."""
    refused: dict[str, str] = field(default_factory=dict)
    """Model -> what the service said when it was asked for it."""
    unsaid: set[str] = field(default_factory=set)
    """Of these the person was not told yet."""
    ending: set[str] = field(default_factory=set)
    """Models whose near end was told."""


class Roster:
    """One per session."""

    def __init__(self) -> None:
        self._known: dict[Endpoint, Known] = {}

    def of(self, endpoint: Endpoint) -> Known:
        return self._known.setdefault(endpoint, Known())

    def info(self, endpoint: Endpoint, model: str) -> ModelInfo | None:
        """What the service said of a model."""
        listed = self.of(endpoint).listed or ()
        return next((info for info in listed if is_called(info, model)), None) if model else None

    def refused(self) -> frozenset[tuple[str, str]]:
        """(base URL, model) of all that was refused."""
        return frozenset((e.base_url, m) for e, known in self._known.items() for m in known.refused)

    def note_refused(self, endpoint: Endpoint, model: str, why: str) -> None:
        known = self.of(endpoint)
        known.refused[model] = why
        known.unsaid.add(model)

    def ends_soon(self, endpoint: Endpoint, model: str, today: date) -> str:
        """A sentence, once, about a model that its service will shut down in a while; else ""."""
        info, told = self.info(endpoint, model), self.of(endpoint).ending
        days = retires_in(info, today) if info is not None else None
        if info is None or days is None or info.id in told:
            return ""
        told.add(info.id)
        when = "tomorrow" if days == 1 else f"in {days} days"
        return f"{info.id} is to be shut down {when}, on {info.shutdown}."
