"""Which format a model is asked for.

The rule kept here: the order is the experience of others, the tally our own, and the tally wins:
the first format in the order that is not demoted is taken. A pure function, so that the same
tally always gives the same answer.

Patches stand first where the service takes them as a custom tool, as raw text under a grammar:
the models of such services were trained on them. Other models get up to every second patch wrong,
so in plain text search/replace blocks stand first. Whole files cost ten times the output of
either and stand last, though they are hardly ever malformed.
"""

from __future__ import annotations

from spark_tui.edits.formats.table import Name
from spark_tui.edits.formats.tally import Tally

WITH_TOOL: tuple[Name, ...] = ("v4a", "blocks", "udiff", "whole")
AS_TEXT: tuple[Name, ...] = ("blocks", "udiff", "v4a", "whole")


def choose(model: str, has_custom_tool: bool, tally: Tally) -> Name:
    """The format for the next request to this model.

    A format is demoted by TOO_MANY bad replies among the last WINDOW (tally.py); it is tried again
    after REST good replies in others. When all are demoted, the one with the fewest bad replies
    is taken: one that was demoted comes back as soon as its alternatives do worse.
    """
    order = WITH_TOOL if has_custom_tool else AS_TEXT
    for name in order:
        if not tally.of(model, name).is_demoted:
            return name
    return min(order, key=lambda name: (tally.of(model, name).bad, order.index(name)))
