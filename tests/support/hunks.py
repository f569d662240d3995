"""Edits of calc.py in either form, and what a scripted model was asked: for tests of the engine."""

from __future__ import annotations

from spark_tui.model.provider import Delta, Item, ToolOutput, UserText
from spark_tui.model.scripted import Scripted, done, patch, say
from spark_tui.session.events import HunkId
from tests.support.bench import CALC

Hunk = tuple[str, str]
"""Old and new side."""

ADD = ("    return a + b", "    return b + a")
SUB = ("    return a - b", "    return -b + a")
WRONG = ("    return a minus b", "    return -b + a")
BOTH = CALC.replace("a + b", "b + a").replace("a - b", "-b + a")
WIRES = ["responses-ws", "chat"]
H1, H2, H3 = HunkId("t1h1"), HunkId("t1h2"), HunkId("t1h3")


def v4a(*hunks: Hunk, path: str = "calc.py", end: str = "*** End Patch\n") -> str:
    rows = "".join(
        "@@\n"
        + "".join(f"-{line}\n" for line in old.split("\n"))
        + "".join(f"+{line}\n" for line in new.split("\n"))
        for old, new in hunks
    )
    return f"*** Begin Patch\n*** Update File: {path}\n{rows}{end}"


def blocks(*hunks: Hunk, path: str = "calc.py") -> str:
    return "".join(
        f"{path}\n```python\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n"
        for old, new in hunks
    )


def reply(wire: str, *hunks: Hunk, call_id: str = "c1", path: str = "calc.py") -> list[Delta]:
    """The same edits as a tool call or as text."""
    if wire == "chat":
        return [*say("So:\n\n" + blocks(*hunks, path=path)), *done()]
    return [*patch(v4a(*hunks, path=path), call_id), *done()]


def asked(provider: Scripted, number: int = 1) -> str:
    """What the request ends with: a tool's output or the message."""
    item: Item = provider.requests[number].items[-1]
    assert isinstance(item, ToolOutput | UserText)
    return item.output if isinstance(item, ToolOutput) else item.text


def ending(wire: str) -> list[list[Delta]]:
    """After the last output of a tool the model has a word."""
    return [] if wire == "chat" else [[*say("Done."), *done()]]
