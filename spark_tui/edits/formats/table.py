"""The ways of writing edits a model may be asked for: one row each.

The rule kept here: a row says how to ask; understanding is the same for all of them, because
models mix formats whatever they were asked for. The words sent to the model lie beside this file
and are read only when a request needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal["v4a", "blocks", "udiff", "whole"]
NAMES: tuple[Name, ...] = ("v4a", "blocks", "udiff", "whole")

_PATCH_GRAMMAR = r"""start: OPEN item+ CLOSE
OPEN: "*** Begin Patch\n"
CLOSE: /\*\*\* End Patch\n?/
item: create | remove | change
create: "*** Add File: " REST NL plus+
remove: "*** Delete File: " REST NL
change: "*** Update File: " REST NL rename? hunk+
rename: "*** Move to: " REST NL
hunk: anchor? body+ tail?
anchor: "@@" NL | "@@ " REST NL
body: /[ +-]/ TEXT? NL
plus: "+" TEXT? NL
tail: "*** End of File" NL
REST: /[^\n]+/
TEXT: /[^\n]+/
NL: "\n"
"""


@dataclass(frozen=True, slots=True)
class EditFormat:
    """One way of writing edits."""

    name: Name
    grammar: str | None
    """Lark text for a custom tool; None where edits are written into the answer's text."""

    @property
    def instructions(self) -> str:
        """The words that teach the model this format."""
        from importlib.resources import files

        return files("spark_tui.edits.formats").joinpath(f"{self.name}.md").read_text("utf-8")


FORMATS = (
    EditFormat("v4a", _PATCH_GRAMMAR),
    EditFormat("blocks", None),
    EditFormat("udiff", None),
    EditFormat("whole", None),
)


def format_named(name: str) -> EditFormat:
    """The row of this name. Raises ValueError if there is none."""
    for row in FORMATS:
        if row.name == name:
            return row
    known = ", ".join(row.name for row in FORMATS)
    raise ValueError(f"no edit format {name!r}: there are {known}")
