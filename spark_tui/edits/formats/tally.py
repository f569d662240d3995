"""How well each model has written edits in each format: counts, and the last few replies.

The rule kept here: frozen values and additions, no file and no clock; the same replies in the
same order give the same tally. Which format is asked for next is choice.py's decision, where the
tally is kept the session's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

WINDOW = 8
"""Replies that are remembered one by one."""
TOO_MANY = 3
"""Bad replies among them that demote a format."""
REST = 20
"""Good replies in other formats after which a demoted one gets another try."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One reply that held edits, as the format sees it."""

    well_formed: bool
    """Every part of it could be read to its end."""
    hunks: int = 0
    located: int = 0
    """Hunks that had their place at once."""

    @property
    def is_good(self) -> bool:
        """Well-formed, and at least half of its hunks were where it said."""
        return self.well_formed and self.located * 2 >= self.hunks


@dataclass(frozen=True, slots=True)
class Record:
    """One format of one model."""

    replies: int = 0
    well_formed: int = 0
    hunks: int = 0
    located: int = 0
    repaired: int = 0
    """Hunks that got their place when they were asked for again."""
    unplaced: int = 0
    """Hunks that never got one."""
    recent: tuple[bool, ...] = ()
    """Whether each of the last replies was good, the newest last; at most WINDOW."""
    rested: int = 0
    """Good replies in other formats since the last one in this."""

    @property
    def bad(self) -> int:
        """Bad ones among the last replies."""
        return self.recent.count(False)

    @property
    def is_demoted(self) -> bool:
        """Failed too often lately, and has not rested long enough for another try."""
        return self.bad >= TOO_MANY and self.rested < REST

    def after(self, outcome: Outcome) -> Record:
        """With one more reply.

        The first one after a rest starts on probation: as if all but one of the failures that
        demote had just been. One more demotes it anew, good replies push them out.
        """
        recent = self.recent
        if self.bad >= TOO_MANY and self.rested >= REST:
            recent = (False,) * (TOO_MANY - 1)
        return Record(
            self.replies + 1,
            self.well_formed + outcome.well_formed,
            self.hunks + outcome.hunks,
            self.located + outcome.located,
            self.repaired,
            self.unplaced + outcome.hunks - outcome.located,
            (*recent, outcome.is_good)[-WINDOW:],
        )

    def mended(self, hunks: int) -> Record:
        """So many of its unplaced hunks have a place now."""
        n = min(hunks, self.unplaced)
        return replace(self, repaired=self.repaired + n, unplaced=self.unplaced - n)


@dataclass(frozen=True, slots=True)
class Tally:
    """All models: model -> format -> record."""

    models: Mapping[str, Mapping[str, Record]] = field(default_factory=dict)

    def of(self, model: str, name: str) -> Record:
        """What is known of this format with this model."""
        return self.models.get(model, {}).get(name, Record())

    def after(self, model: str, name: str, outcome: Outcome) -> Tally:
        """With one more reply; the model's other formats rest when it was good."""
        rows = {
            other: replace(row, rested=row.rested + 1) if outcome.is_good else row
            for other, row in self.models.get(model, {}).items()
            if other != name
        }
        return self._with(model, {**rows, name: self.of(model, name).after(outcome)})

    def mended(self, model: str, name: str, hunks: int) -> Tally:
        """With so many hunks of the last reply repaired."""
        rows = self.models.get(model, {})
        return self._with(model, {**rows, name: self.of(model, name).mended(hunks)})

    def _with(self, model: str, rows: Mapping[str, Record]) -> Tally:
        """The model that was used last stands last."""
        others = {other: row for other, row in self.models.items() if other != model}
        return Tally({**others, model: rows})
