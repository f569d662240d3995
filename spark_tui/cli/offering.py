"""A model that is not to be had, in the words of a command line.

The rule kept here: the next one is named with the exact flag that takes it; nothing takes it by
itself.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from spark_tui.errors import ModelMissing
from spark_tui.text import one_line

if TYPE_CHECKING:
    from spark_tui.session.session import ModelOffer


def missing(offer: ModelOffer) -> ModelMissing:
    """The fault that ends a verb."""
    return ModelMissing(offer.why, hint=way_out(offer))


def way_out(offer: ModelOffer) -> str:
    """Which model comes next, where it is, what it costs, and how to take it."""
    found = offer.next
    if found is None:
        return "Nothing was sent. spark-tui models lists what there is, --model ID takes one."
    facts = f" ({found.facts})" if found.facts else ""
    name = one_line(found.info.id) or "what it has"
    return (
        f"Nothing was sent. Next is {name} at {one_line(found.host)}{facts}: "
        f"--model {shlex.quote(one_line(found.word))}"
    )
